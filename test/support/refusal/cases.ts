import type { RefusalScene } from './scene.ts';
import { waitUntil } from '../wait-until.ts';

/** A change that nginx refuses, or silently doesn't apply. */
export interface RefusalCase {
  readonly what: string;
  /** nginx's own words. */
  readonly words: RegExp;
  /** A text that only the refused file has. */
  readonly mark: string;
  /** `nginx -t` accepts the file, and only the reload fails. */
  readonly passesTest?: true;
  /** The fault ends with the container. */
  readonly endsWithContainer?: true;
  /** Paths of the change that go live; if absent, no part of the change does. */
  readonly goesLive?: Readonly<Record<string, readonly string[]>>;
  /** The path that is left out. */
  readonly leftOut?: string;
  /** Without nginx's words the whole change is held back: the shown paths, and the answers meanwhile. */
  readonly withoutWords?: { readonly heldBack: string; readonly routes: Readonly<Record<string, readonly string[]>> };
  /** The running frontends, by default `frontend-1`. */
  readonly frontends?: readonly string[];
  prepare?(scene: RefusalScene): Promise<void>;
  break(scene: RefusalScene): Promise<void>;
  fix(scene: RefusalScene): Promise<void>;
  /** Restores the initial state. */
  leave?(scene: RefusalScene): Promise<void>;
}

/** A text appended to the shipped template. */
function template(what: string, words: RegExp, text: string, more: Partial<RefusalCase> = {}): RefusalCase {
  return {
    what,
    words,
    mark: '# this is refused',
    break: (scene) => scene.editTemplate(`# this is refused\n${text}\n`),
    fix: (scene) => scene.editTemplate('# fixed\n'),
    ...more,
  };
}

/** On an unused port, so that no other server is affected. */
const inServer = (text: string): string => `server { listen 8099; ${text} }`;

const newerOnly = /unknown directive "keepalive_min_timeout"/;

export const refusalCases: readonly RefusalCase[] = [
  template('a directive that does not exist', /unknown directive "no_such_directive"/, 'no_such_directive on;'),
  template('a variable that does not exist', /unknown "no_such_variable" variable/, inServer('return 200 "$no_such_variable";')),
  template('a missing include', /open\(\) "\/etc\/nginx\/nowhere\.conf" failed \(2: No such file/, 'include /etc/nginx/nowhere.conf;'),
  template('an unclosed block', /unexpected end of file/, 'server {'),
  template('a directive in the wrong place', /"worker_processes" directive is not allowed here/, 'worker_processes 1;'),
  template('an argument too many', /invalid number of arguments in "charset" directive/, inServer('charset utf-8 utf-16;')),
  template('two upstreams with one name', /duplicate upstream "meet-spa"/, 'upstream meet-spa { server 127.0.0.1:8080; }'),
  template('an upstream with only backups', /no servers in upstream "lonely"/, 'upstream lonely { server 127.0.0.1:8080 backup; }'),
  template('a weight of 0', /invalid parameter "weight=0"/, 'upstream light { server 127.0.0.1:8080 weight=0; }'),
  template(
    'an invalid regular expression',
    /(pcre2?_compile|missing closing parenthesis|missing \))/i,
    inServer('location ~ "(" { return 204; }'),
  ),
  template(
    'a host name too long for its hash',
    /could not build server_names_hash/,
    `server { listen 8083; server_name ${'x'.repeat(60)}.example.com; }`,
  ),
  template(
    'contradicting options of a port',
    /duplicate listen options/,
    'server { listen 8083 backlog=5; listen 8099; } server { listen 8083 backlog=7; }',
  ),
  template('a missing zone', /zero size shared memory zone "nowhere"/, inServer('limit_req zone=nowhere;')),
  template('a directive for a newer nginx', newerOnly, 'keepalive_min_timeout 1s;', {
    frontends: ['older-1'],
    async prepare({ meet, ...scene }) {
      // Both run at first: alone, the older nginx would start with the file for the newer nginx.
      await meet.scale({ older: 1 });
      await scene.converged();
      await meet.scale({ frontend: 0 });
    },
    leave: ({ meet }) => meet.scale({ frontend: 1, older: 0 }),
  }),
  template('a directive for the newer of two frontends', newerOnly, 'keepalive_min_timeout 1s;', {
    frontends: ['frontend-1', 'older-1'],
    prepare: ({ meet }) => meet.scale({ older: 1 }),
    leave: ({ meet }) => meet.scale({ older: 0 }),
  }),
  template('a port that another process has', /bind\(\) to 0\.0\.0\.0:8098 failed \(98: Address/, 'server { listen 8098; return 204; }', {
    passesTest: true,
    endsWithContainer: true,
    prepare: (scene) => scene.occupyPort('frontend-1', 8098),
  }),
  template(
    'a shared zone with another key',
    /limit_req "keyed" uses the "\$request_uri" key while previously it used the "\$remote_addr" key/,
    'limit_req_zone $request_uri zone=keyed:1m rate=100r/s;',
    {
      passesTest: true,
      endsWithContainer: true,
      prepare: async (scene) => {
        await scene.editTemplate('limit_req_zone $remote_addr zone=keyed:1m rate=100r/s;\n');
        await waitUntil('the zone is published', async () => (await scene.published()).includes('zone=keyed'));
        await scene.converged();
      },
      fix: (scene) => scene.editTemplate('# fixed\nlimit_req_zone $remote_addr zone=keyed:1m rate=100r/s;\n'),
    },
  ),
  {
    what: 'a label with the path of a snippet',
    words: /duplicate location "\/files"/,
    mark: 'location = /files ',
    leftOut: '/files',
    goesLive: { '/more': ['more-1'], '/files/': ['files-1'] },
    withoutWords: {
      heldBack: '(=/files, /files/, =/more, /more/)',
      routes: { '/more': ['SPA'], '/files/': ['SPA'] },
    },
    prepare: (scene) => scene.writeSnippet('location = /files { return 204; }\n'),
    // The harmless service starts second, so that it doesn't go live before the refused one.
    async break({ meet }) {
      await meet.scale({ files: 1 });
      await meet.scale({ more: 1 });
    },
    async fix(scene) {
      await scene.writeSnippet('# nothing\n');
      await scene.meet.scale({ more: 0 });
      await scene.touchInput();
    },
  },
];
