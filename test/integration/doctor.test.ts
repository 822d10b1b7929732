import { createServer } from 'node:http';
import { describe, expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import { tarArchive } from '../support/tar-archive.ts';
import { shippedStub } from '../support/real-layout.ts';
import { composeLabels, test } from './scene.ts';
import type { Scene } from './scene.ts';

interface DoctorReport {
  readonly summary: Readonly<Record<string, number>>;
  readonly findings: readonly {
    readonly check: string;
    readonly severity: string;
    readonly containers: readonly string[];
    readonly what: string;
    readonly paste: readonly string[];
  }[];
  readonly notChecked: readonly { readonly check: string; readonly reasons: readonly string[] }[];
  readonly ok: readonly { readonly check: string }[];
}

async function doctor(
  scene: Scene,
  ...flags: readonly string[]
): Promise<{ readonly code: number | null; readonly report: DoctorReport; readonly stdout: string }> {
  const { code, stdout, stderr } = await runCommand(['doctor', '--json', '--docker-host', scene.engine.host, ...flags]);
  expect(stderr).toBe('');
  return { code, report: JSON.parse(stdout) as DoctorReport, stdout };
}

/** Gives the frontend the stub and its mounts. A Swarm config is an empty file in the archive. */
function giveStub(scene: Scene, name: string, text = shippedStub()): void {
  const id = scene.engine.world.idOf(name);
  const archive = Buffer.from(tarArchive({ 'conf.d/default.conf': 'server { listen 8080; }', 'conf.d/routing.conf': text })).toString(
    'latin1',
  );
  scene.engine.faults.add({ method: 'GET', path: new RegExp(`^/containers/${id}/archive$`), do: 'body', body: archive });
}

const find = (report: DoctorReport, check: string) => report.findings.filter((finding) => finding.check === check);

test.concurrent('exits with 7 without any Meet, and shows the label to add', async ({ scene }) => {
  const { code, report } = await doctor(scene);
  expect(code).toBe(7);
  expect(report.findings).toMatchObject([{ check: 'role-missing', severity: 'failure', containers: [] }]);
});

test.concurrent('exits with 7 and one finding without an engine, and marks no check as ok', async ({ scene }) => {
  await scene.engine.goAway('nothing');
  const { code, report } = await doctor(scene);
  expect(code).toBe(7);
  expect(report.findings).toMatchObject([{ check: 'engine', severity: 'failure' }]);
  expect(report.ok).toEqual([]);
  const { code: textCode, stdout } = await runCommand(['doctor', '--docker-host', scene.engine.host]);
  expect(textCode).toBe(7);
  expect(stdout).toMatch(/^FAILURE {2}there is no engine at unix:/);
});

test.concurrent('exits with 2 at a wrong option', async ({ scene }) => {
  expect(await runCommand(['doctor', '--docker-host', scene.engine.host, '--instance', 'NO SUCH'])).toMatchObject({ code: 2, stdout: '' });
});

test.concurrent('marks checks as not checked, never as ok, behind a proxy that only allows the list', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.engine.faults.add({ method: 'GET', path: /^\/(networks|containers\/[^/]+\/)/, do: 'status', status: 403 });
  const { report } = await doctor(scene);
  const okChecks = report.ok.map(({ check }) => check);
  for (const check of [
    'stub',
    'conf-d-hidden',
    'routing-mount',
    'signalled-restart',
    'first-process',
    'stop-grace',
    'extra-hosts',
    'way-out',
  ]) {
    expect(okChecks).not.toContain(check);
    expect(report.findings.map((finding) => finding.check)).not.toContain(check);
  }
  expect(report.notChecked.flatMap(({ reasons }) => reasons).join('\n')).toContain('was refused (403)');
  expect(scene.engine.calls.map(({ method }) => method)).not.toContain('POST');
});

test.concurrent('finds a meet-gen that sends no signal, since signals end every restart policy on this engine', async ({ scene }) => {
  scene.engine.pingHeaders = { server: 'Libpod/5.4.2 (linux)', 'libpod-api-version': '5.4.2' };
  await scene.frontend('frontend');
  scene.engine.world.add({ name: 'meet-gen', image: 'meet-gen', labels: composeLabels('meet', 'meet-gen') });
  const { report } = await doctor(scene);
  expect(find(report, 'signalled-restart')).toMatchObject([{ severity: 'failure', containers: ['frontend'] }]);
});

describe("the check of the frontend's answer to a real request", () => {
  const answers = [
    { name: 'JSON', status: 200, type: 'application/json', body: '{}', found: undefined },
    { name: "the SPA's HTML", status: 200, type: 'text/html', body: '<!doctype html>', found: /HTML of the SPA/ },
    { name: 'a redirect', status: 301, type: 'text/html', body: '', found: /redirects in a loop/ },
    { name: '400', status: 400, type: 'text/html', body: '', found: /refuses the host visio\.example\.org \(400\)/ },
    { name: '502', status: 502, type: 'text/html', body: '', found: /address of the backend doesn't answer \(backend is running\)/ },
    { name: '503', status: 503, type: 'text/html', body: '', found: /no backend is in rotation/ },
    { name: '504', status: 504, type: 'text/html', body: '', found: /does not answer/ },
    { name: 'HTML with the type of JSON', status: 200, type: 'application/json', body: '<html>', found: /answers 200 instead of JSON/ },
  ] as const;
  for (const { name, status, type, body, found } of answers) {
    test.concurrent(`${found === undefined ? 'passes' : 'fails'} if the answer is ${name}`, async ({ scene }) => {
      const labels = composeLabels('meet', 'frontend', { 'meet.role': 'frontend', 'meet.host': 'visio.example.org' });
      const nginx = await scene.frontend('frontend', { container: { labels } });
      await nginx.closeEntrance();
      giveStub(scene, 'frontend');
      scene.backend('backend', 20);
      const stopBackend = await serve(scene.address(20), 8000, 200);
      const asked: unknown[] = [];
      const server = createServer((request, response) => {
        asked.push([request.url, request.headers.host, request.headers['x-forwarded-proto']]);
        response.writeHead(status, { 'content-type': type, location: 'https://visio.example.org/api/v1.0/config/' }).end(body);
      });
      await new Promise<void>((resolve) => server.listen(8083, scene.address(10), resolve));
      const { report } = await doctor(scene);
      await new Promise((resolve) => server.close(resolve));
      await stopBackend();
      expect(asked).toEqual([['/api/v1.0/config/', 'visio.example.org', 'https']]);
      expect(find(report, 'routing-port')).toEqual([]);
      if (found === undefined) expect(report.ok.map(({ check }) => check)).toContain('api');
      else
        expect(find(report, 'api')).toMatchObject([
          { severity: 'failure', containers: ['frontend'], what: expect.stringMatching(found) as string },
        ]);
    });
  }

  test.concurrent('reports a closed port: 502 on all routes', async ({ scene }) => {
    const nginx = await scene.frontend('frontend');
    await nginx.closeEntrance();
    giveStub(scene, 'frontend');
    const { code, report } = await doctor(scene);
    expect(code).toBe(7);
    expect(find(report, 'routing-port')).toMatchObject([
      { containers: ['frontend'], what: expect.stringContaining('502 on all routes') as string },
    ]);
  });
});

describe('the checks of a backend from its network, if no command is allowed', () => {
  const heartbeats = [
    { name: 'pass if its database answers', status: 200, found: [] },
    { name: 'fail if its database fails', status: 500, found: [{ severity: 'failure', containers: ['backend'] }] },
  ] as const;
  for (const { name, status, found } of heartbeats) {
    test.concurrent(name, async ({ scene }) => {
      await scene.frontend('frontend');
      scene.backend('backend', 20);
      scene.engine.faults.add({ method: 'POST', path: /exec$/, do: 'status', status: 403 });
      const stop = await serve(scene.address(20), 8000, status);
      const { report } = await doctor(scene);
      await stop();
      expect(find(report, 'heartbeat')).toMatchObject(found);
      expect(find(report, 'meet-port')).toEqual([]);
      expect(report.ok.map(({ check }) => check)).toContain('meet-port');
    });
  }

  test.concurrent('report a wrong meet.port', async ({ scene }) => {
    await scene.frontend('frontend');
    const labels = composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.port': '8001' });
    scene.backend('backend', 20, { labels, ports: [8000] });
    const stop = await serve(scene.address(20), 8000, 200);
    const { report } = await doctor(scene);
    await stop();
    expect(find(report, 'meet-port')).toMatchObject([
      { containers: ['backend'], what: expect.stringMatching(/:8001 refuses connections, and the container exposes 8000$/) as string },
    ]);
  });

  test.concurrent('do not judge the port of an address on another network', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20, { networks: { meet_default: '203.0.113.20' } });
    const { report } = await doctor(scene);
    expect(find(report, 'meet-port')).toEqual([]);
    const left = report.notChecked.find(({ check }) => check === 'meet-port');
    expect(left?.reasons.join()).toContain('203.0.113.20 is on no network');
  });
});

async function serve(address: string, port: number, status: number): Promise<() => Promise<void>> {
  const server = createServer((_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}'));
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  return () => new Promise((resolve) => server.close(() => resolve()));
}

test.concurrent('prints no secret of an environment or command line', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.engine.world.add({
    name: 'keycloak',
    image: 'keycloak/keycloak:26.8.0',
    labels: composeLabels('meet', 'keycloak'),
    networks: { meet_default: scene.address(30) },
  });
  const names = [
    'VIRTUAL_HOST',
    'VIRTUAL_PORT',
    'LETSENCRYPT_HOST',
    'KC_HOSTNAME',
    'KC_PROXY_HEADERS',
    'LIVEKIT_CONFIG',
    'DJANGO_ALLOWED_HOSTS',
    'LIVEKIT_API_URL',
    'DB_PASSWORD',
    'MEET_GEN_RELOAD',
  ];
  const secret = 'S3cr3t/of+mine=';
  for (const id of ['frontend', 'backend', 'keycloak'].map((name) => scene.engine.world.idOf(name))) {
    const body = JSON.stringify({
      Id: id,
      Config: {
        Env: names.map((name) => `${name}=${secret}`),
        Cmd: ['run', `--password=${secret}`],
        Entrypoint: [secret],
        StopSignal: 'SIGQUIT',
      },
      HostConfig: { RestartPolicy: { Name: 'no' } },
    });
    scene.engine.faults.add({ method: 'GET', path: new RegExp(`^/containers/${id}/json$`), do: 'body', body });
  }
  const { code, report, stdout } = await doctor(scene);
  expect(code).toBe(7);
  // The secrets were read.
  expect(find(report, 'restart-policy').length).toBeGreaterThan(0);
  const { stdout: text } = await runCommand(['doctor', '--docker-host', scene.engine.host]);
  for (const output of [stdout, text]) expect(output).not.toMatch(/S3cr3t/i);
});

test.concurrent('checks only the Meet of --instance', async ({ scene }) => {
  await scene.frontend('one-frontend', { instance: 'one' });
  await scene.frontend('two-frontend', { instance: 'two', host: 11 });
  const { report } = await doctor(scene, '--instance', 'two');
  const named = report.findings.flatMap(({ containers }) => containers);
  expect(named).toContain('two-frontend');
  expect(named).not.toContain('one-frontend');
});

describe('a frontend with its stub as a Swarm config, if no command is allowed', () => {
  const task = { 'com.docker.stack.namespace': 'meet', 'com.docker.swarm.service.name': 'meet_frontend', 'meet.role': 'frontend' };
  const found = [
    { name: 'has the stub: only the stub answers at /generation', answers: true, ok: true },
    { name: 'is not checked without that answer', answers: false, ok: false },
  ] as const;
  for (const { name, answers, ok } of found) {
    test.concurrent(name, async ({ scene }) => {
      const nginx = await scene.frontend('meet_frontend.n1.t1', { container: { labels: task } });
      giveStub(scene, 'meet_frontend.n1.t1', '');
      scene.engine.faults.add({ method: 'POST', path: /exec$/, do: 'status', status: 403 });
      if (!answers) await nginx.close();
      const { report } = await doctor(scene);
      expect(find(report, 'stub')).toEqual([]);
      expect(report.ok.some(({ check }) => check === 'stub')).toBe(ok);
      expect(report.notChecked.some(({ check }) => check === 'stub')).toBe(!ok);
      expect(find(report, 'restart-policy')).toEqual([]);
    });
  }
});

test.concurrent('runs no command in a backend of another project, and uses no answer from it', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('stranger', 21, {
    labels: composeLabels('other', 'backend', { 'meet.role': 'backend', 'meet.instance': 'meet' }),
  });
  const stop = await serve(scene.address(21), 8000, 500);
  const { report } = await doctor(scene);
  await stop();
  const asked = scene.engine.calls.map(({ path }) => path).filter((path) => path.endsWith('/exec'));
  expect(asked).toEqual(['/containers/backend/exec']);
  expect(find(report, 'heartbeat')).toEqual([]);
  const left = report.notChecked.find(({ check }) => check === 'heartbeat');
  expect(left?.reasons.join()).toContain('stranger was not asked: the backend is not in the compose project of its Meet');
});

test.concurrent('runs the command in the backend of the owner from --project', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const { report } = await doctor(scene, '--project', 'meet=other');
  const left = report.notChecked.find(({ check }) => check === 'heartbeat');
  expect(left?.reasons.join()).toContain('backend was not asked');
});

test.concurrent('prints hostile names as one line of plain text, and never in a command', async ({ scene }) => {
  const hostile = '$(touch /tmp/x)`reboot`';
  await scene.frontend('frontend', { container: { networks: { [hostile]: scene.address(10) } } });
  scene.backend('backend', 20, { networks: { [`${hostile}2`]: '203.0.113.20' } });
  const id = scene.engine.world.idOf('backend');
  const inspected = { Id: id, Config: {}, HostConfig: { ExtraHosts: ['auth.example.org:203.0.113.1'] } };
  const body = JSON.stringify(inspected);
  scene.engine.faults.add({ method: 'GET', path: new RegExp(`^/containers/${id}/json$`), do: 'body', body });
  scene.engine.world.add({
    name: '$(reboot);\n\u001b]0;x\u0007',
    image: 'lasuite/meet-backend:latest\u202e',
    labels: composeLabels('meet', '`reboot`', { 'meet.role': 'bakend\u001b[2J' }),
    networks: { 'x\nserver{}': scene.address(40) },
  });
  const { report } = await doctor(scene);
  const { stdout } = await runCommand(['doctor', '--docker-host', scene.engine.host]);
  expect(stdout).toMatch(/^[\x20-\x7e…\n]*$/);
  expect(find(report, 'shared-network').flatMap(({ containers }) => containers)).toContain('backend');
  expect(report.notChecked.map(({ check }) => check)).toContain('extra-hosts-reachable');
  const toRun = [...report.findings.flatMap(({ paste }) => paste), ...report.notChecked.flatMap(({ reasons }) => reasons)];
  expect(toRun.filter((line) => /--network|network connect|networks:/.test(line) && /touch|reboot/.test(line))).toEqual([]);
  expect(report.findings.flatMap(({ paste }) => paste).join('\n')).not.toMatch(/touch|reboot/);
});
