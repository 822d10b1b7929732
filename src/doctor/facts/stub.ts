import { listensOn } from '../../nginx/servers.ts';

/** What a configuration file of a frontend is to the routing. */
export type StubVerdict =
  | { readonly kind: 'good' }
  /** Rendered by meet-gen itself: the file is mounted in place of the stub. */
  | { readonly kind: 'rendered'; readonly generation: string }
  /** Routes by itself, as the hand-written file did. */
  | { readonly kind: 'hand-written' }
  | { readonly kind: 'changed'; readonly faults: readonly string[] };

/** The generation that a rendered file answers, undefined for a text that meet-gen didn't render. */
export function generationIn(text: string): string | undefined {
  return /return 200 "([0-9a-f]{16}) \$nginx_version/.exec(text)?.[1];
}

/**
 * Judges what stands at `conf.d/routing.conf`. A stub includes the published files first, then has a server for each port, so
 * that nginx boots and answers with nothing rendered yet.
 */
export function judgeStub(text: string, ports: { readonly listen: number; readonly status: number }): StubVerdict {
  const generation = generationIn(text);
  if (generation !== undefined) return { kind: 'rendered', generation };
  const plain = withoutComments(text);
  const include = /(?:^|[;{}\s])include\s+(?:\/etc\/nginx\/meet-routing|\/tmp\/meet-gen\/routing)\/(?:[a-z0-9_-]+\/)?\*\.conf\s*;/.exec(
    plain,
  );
  if (include === null && /\bproxy_pass\b/.test(plain) && listensOn(plain, ports.listen)) return { kind: 'hand-written' };
  const firstServer = plain.search(/(?:^|[;{}\s])server\s*\{/);
  const faults = [
    ...(include === null ? ['it does not include /etc/nginx/meet-routing/*.conf'] : []),
    ...(include !== null && firstServer !== -1 && include.index > firstServer ? ['the include comes after a server, which then wins'] : []),
    ...(listensOn(plain, ports.listen) ? [] : [`no server listens on ${ports.listen} until there is something rendered`]),
    ...(listensOn(plain, ports.status) ? [] : [`no status server listens on ${ports.status}`]),
    ...(listensOn(plain, ports.status) && !/location\s*=\s*\/generation\b/.test(plain) ? ['the status server has no /generation'] : []),
  ];
  return faults.length === 0 ? { kind: 'good' } : { kind: 'changed', faults };
}

function withoutComments(text: string): string {
  return text.replace(/#.*$/gm, '');
}
