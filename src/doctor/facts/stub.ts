import { listensOn } from '../../nginx/servers.ts';

/** The kind of a configuration file in a frontend. */
export type StubVerdict =
  | { readonly kind: 'good' }
  /** The published file itself, mounted instead of the stub. */
  | { readonly kind: 'rendered'; readonly generation: string }
  /** A file with its own routes, as before meet-gen. */
  | { readonly kind: 'hand-written' }
  | { readonly kind: 'changed'; readonly faults: readonly string[] };

/** The generation in a rendered file; undefined for any other text. */
export function generationIn(text: string): string | undefined {
  return /return 200 "([0-9a-f]{16}) \$nginx_version/.exec(text)?.[1];
}

/**
 * Judges the text of `conf.d/routing.conf`. A stub first includes the published files. Then it has a server for each
 * port, so that nginx starts and answers before the first file is published.
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
    ...(include === null ? ['the include of /etc/nginx/meet-routing/*.conf is missing'] : []),
    ...(include !== null && firstServer !== -1 && include.index > firstServer
      ? ['the include comes after a server, which then answers first']
      : []),
    ...(listensOn(plain, ports.listen) ? [] : [`no server listens on ${ports.listen} before a file is published`]),
    ...(listensOn(plain, ports.status) ? [] : [`no status server listens on ${ports.status}`]),
    ...(listensOn(plain, ports.status) && !/location\s*=\s*\/generation\b/.test(plain) ? ['the status server has no /generation'] : []),
  ];
  return faults.length === 0 ? { kind: 'good' } : { kind: 'changed', faults };
}

function withoutComments(text: string): string {
  return text.replace(/#.*$/gm, '');
}
