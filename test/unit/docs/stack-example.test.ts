import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkComposeFile } from '../../support/docs/check-compose.ts';
import { exampleFile, type ComposeFile } from '../../support/docs/example-file.ts';
import { checkVariables } from '../../support/docs/meet-gen-words.ts';
import { readPage } from '../../support/docs/pages.ts';
import { ignoredByStack, refusedByStack, withoutEffectInStack } from '../../support/docs/stack-keys.ts';

interface Service {
  readonly [key: string]: unknown;
  readonly image: string;
  readonly networks: readonly string[];
  readonly volumes?: readonly unknown[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly deploy?: { readonly mode?: string; readonly placement?: unknown };
}
type Services = Readonly<Record<string, Service>>;

const text = readPage('stack.example.yml');
const stack = parse(text, { merge: true }) as ComposeFile;
const services = stack['services'] as Services;
const example = exampleFile()['services'] as Services;
const shared = Object.keys(services).filter((name) => name in example);

/** Every key, at any depth, except the user's own names. */
function keysOf(file: ComposeFile): readonly string[] {
  const parts = ['services', 'networks', 'volumes', 'configs', 'secrets'].flatMap((section) => Object.values(file[section] ?? {}));
  return [...Object.keys(file), ...parts.flatMap((part) => Object.keys(part ?? {}))];
}

function withoutVersion(config: string): string {
  return config.replace(/-v\d+$/, '');
}

function placesIn(service: unknown): readonly (readonly [config: string, target: string])[] {
  const { configs } = service as { readonly configs: readonly { readonly source: string; readonly target: string }[] };
  return configs.map(({ source, target }) => [withoutVersion(source), target]);
}

const uselessKeys = [...refusedByStack, ...ignoredByStack].map(({ key }) => key);

describe('stack.example.yml', () => {
  it.each([...uselessKeys, ...withoutEffectInStack])('has no %s, which stack deploy refuses or ignores', (key) => {
    expect(keysOf(stack)).not.toContain(key);
  });

  it('finds such a key: compose.example.yml has some', () => {
    const found = keysOf(exampleFile());
    expect(uselessKeys.filter((key) => found.includes(key))).toEqual(
      expect.arrayContaining(['name', 'content', 'pull_policy', 'volumes_from', 'restart', 'security_opt']),
    );
  });

  it.each(shared.filter((name) => name !== 'meet-gen'))('%s: as in compose.example.yml', (name) => {
    const parts = ['image', 'entrypoint', 'command', 'stop_signal', 'stop_grace_period', 'healthcheck'];
    const pick = (service: Service | undefined): unknown => Object.fromEntries(parts.map((part) => [part, service?.[part]]));
    // nginx-proxy and acme-companion are not in front of a stack.
    const { 'com.github.nginx-proxy.nginx-proxy.keepalive': _, ...labels } = (example[name]?.['labels'] ?? {}) as Readonly<
      Record<string, string>
    >;
    expect(pick(services[name])).toEqual(pick(example[name]));
    expect(services[name]?.['labels'] ?? {}).toEqual(labels);
  });

  it('has the services of a Meet without the outer proxy, Keycloak and LiveKit', () => {
    expect(Object.keys(services)).toEqual(['frontend', 'backend', 'celery', 'postgresql', 'redis', 'meet-gen', 'reader']);
  });

  it('has labels, variables, networks, volumes and configs that exist', async () => {
    expect(await checkComposeFile(stack)).toEqual([]);
    for (const name of ['meet-gen', 'reader'])
      expect(checkVariables(services[name]?.environment as Readonly<Record<string, string>>)).toEqual([]);
  });

  it("has the hook's stub and the printed hook, in the places of compose.hardened.yml", () => {
    const hardened = parse(readPage('compose.hardened.yml')) as ComposeFile;
    const configs = stack['configs'] as Readonly<Record<string, object>>;
    expect(Object.fromEntries(Object.entries(configs).map(([name, config]) => [withoutVersion(name), config]))).toEqual(
      hardened['configs'],
    );
    expect(placesIn(services['frontend'])).toEqual(placesIn(hardened['services']?.['frontend']));
    expect(text).toContain('docker run --rm meet-gen hook > meet-gen-hook.sh');
  });

  it("passes on all of Meet's settings in .env.example, by name", () => {
    const [, own = ''] = readPage('.env.example').split('# ---- secrets ----');
    const commented = own.replaceAll(/^#(?=[A-Z_]+=)/gm, '');
    const names = Object.keys(parseEnv(commented)).filter((name) => !name.startsWith('KC_'));
    expect(Object.keys(stack['x-meet-settings'] ?? {}).toSorted()).toEqual(names.toSorted());
    for (const name of ['backend', 'celery']) expect(services[name]?.environment).toEqual(stack['x-meet-settings']);
  });

  it('.env.example is a file for a shell: a value with a blank is quoted', () => {
    const lines = readPage('.env.example')
      .split('\n')
      .filter((line) => /^[A-Z_]+=/.test(line));
    expect(lines.filter((line) => !/^[A-Z_]+=("[^"`\\]*"|[^\s"'`\\;&|<>()]*)$/.test(line))).toEqual([]);
  });

  it('gives the socket to the reader alone, on managers, on a network of its own', () => {
    const withSocket = Object.entries(services).filter(([, { volumes = [] }]) =>
      volumes.some((volume) => String(volume).includes('docker.sock')),
    );
    expect(withSocket.map(([name]) => name)).toEqual(['reader']);
    expect(services['reader']?.networks).toEqual(['reader']);
    expect(services['reader']?.deploy).toMatchObject({ mode: 'global', placement: { constraints: ['node.role == manager'] } });
    const onNetwork = Object.entries(services).filter(([, { networks }]) => networks.includes('reader'));
    expect(onNetwork.map(([name]) => name)).toEqual(['meet-gen', 'reader']);
    expect(stack['networks']?.['reader']).toEqual({ internal: true });
  });

  it('runs a meet-gen on each node with a frontend', () => {
    const [frontend, sidecar] = [services['frontend']?.deploy, services['meet-gen']?.deploy];
    expect([frontend?.mode, frontend?.placement]).toEqual([sidecar?.mode, sidecar?.placement]);
    expect(frontend?.mode).toBe('global');
  });
});
