import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readPage, repository } from './pages.ts';

/** Finds links of a page to missing files or missing headings in the repository. */
export function checkLinks(page: string, text: string): readonly string[] {
  const prose = text.replaceAll(/^ *(`{3,}|~{3,})[^]*?^ *\1$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g)].map(([, target, source]) => target ?? source ?? '');
  return targets.filter((target) => !/^[a-z]+:/.test(target)).flatMap((target) => checkTarget(page, text, target));
}

/** Files and addresses outside the repository that our texts name. Open an address before you add it. */
const seenElsewhere = new Set([
  'https://github.com/suitenumerique/meet',
  'https://nginx.org/en/docs/http/ngx_http_upstream_module.html',
  'https://github.com/nginx-proxy/nginx-proxy/tree/main/docs',
  'https://github.com/nginx-proxy/nginx-proxy/pull/2434',
  'https://github.com/nginx-proxy/nginx-proxy/issues/987',
  'https://github.com/nginx-proxy/docker-gen/issues/67',
  'https://github.com/nginx-proxy/docker-gen/issues/434',
  'https://github.com/nginx-proxy/nginx-proxy/issues/1897',
  'https://github.com/traefik/traefik/pull/708',
  'https://github.com/traefik/traefik/issues/963',
  'https://github.com/traefik/traefik/issues/4795',
  'https://github.com/traefik/traefik/issues/7732',
  'https://github.com/traefik/traefik/issues/8013',
  'https://caddyserver.com/docs/caddyfile/directives/reverse_proxy',
  'https://github.com/caddyserver/caddy/pull/4470',
  'docs/installation/kubernetes.md', // in Meet's repository
  'env.d/production.dist/keycloak', // in Meet's repository
  'env.d/common', // on a user's host, from Meet's guide
  'env.d/postgresql', // also on a user's host
]);

const fileName = /(?<![\w./$-])((?:docs|env\.d|src|templates|test)\/[\w./-]*\w|compose\.\w+\.yml)/g;
const address = /\bhttps?:\/\/([^\s)"'`<>\]]+)/g;
/** Hosts of examples, hosts of the machine itself, and services of a compose file, which have no dot. */
const ownHost = /^(?:[^./]*|\d+(?:\.\d+){3}|\$.*|(?:[\w-]+\.)?example\.(?:com|org))(?::|\/|$)/;

/** Finds missing paths of the repository, and addresses on the internet that are not in `seenElsewhere`. */
export function checkNamedFiles(page: string, text: string): readonly string[] {
  const files = [...text.matchAll(fileName)].map(([, name = '']) => name);
  const addresses = [...text.matchAll(address)].flatMap(([whole, rest = '']) => (ownHost.test(rest) ? [] : [whole.replace(/[.,;:]$/, '')]));
  return [...new Set([...files, ...addresses])].filter(isMissing).map((name) => `${page}: ${name}: there is no such thing`);
}

const isMissing = (name: string): boolean => !seenElsewhere.has(name) && (name.includes('://') || !existsSync(join(repository, name)));

function checkTarget(page: string, text: string, target: string): readonly string[] {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (path !== '' && !existsSync(join(repository, file))) return [`${page}: ${target}: there is no such file`];
  if (anchor === undefined || !file.endsWith('.md')) return [];
  return anchorsOf(path === '' ? text : readPage(file)).has(anchor) ? [] : [`${page}: ${target}: no heading makes this anchor`];
}

/** GitHub's anchors of headings: lower case, without punctuation, with dashes for blanks. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^ *(`{3,})[^]*?^ *\1$/gm, '').matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
