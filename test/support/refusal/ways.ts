import type { RefusalScene } from './scene.ts';
import { waitUntil } from '../wait-until.ts';

/** A way in which nginx refuses what it is given, or goes on as if nothing had been. */
export interface Way {
  readonly what: string;
  /** nginx's own words. */
  readonly words: RegExp;
  /** What the refused file holds and the others don't. */
  readonly mark: string;
  /** `nginx -t` has nothing against it: only a reload shows it. */
  readonly passesTest?: true;
  /** It depends on something that ends with the container. */
  readonly endsWithContainer?: true;
  /** Paths that go on working although they came with the change; without it nothing of the change goes live. */
  readonly goesLive?: Readonly<Record<string, readonly string[]>>;
  /** A path that is left out, and named. */
  readonly leftOut?: string;
  /** Where nginx's words can't be had: the change is held back as a whole, and these are its paths, by who answers them meanwhile. */
  readonly withoutWords?: { readonly heldBack: string; readonly routes: Readonly<Record<string, readonly string[]>> };
  /** Those that are there: `frontend-1`, unless others are named. */
  readonly frontends?: readonly string[];
  prepare?(scene: RefusalScene): Promise<void>;
  break(scene: RefusalScene): Promise<void>;
  fix(scene: RefusalScene): Promise<void>;
  /** Leaves the scene as it was. */
  leave?(scene: RefusalScene): Promise<void>;
}

/** A change of the template that is appended to what is shipped. */
function template(what: string, words: RegExp, text: string, more: Partial<Way> = {}): Way {
  return {
    what,
    words,
    mark: '# this is refused',
    break: (scene) => scene.editTemplate(`# this is refused\n${text}\n`),
    fix: (scene) => scene.editTemplate('# fixed\n'),
    ...more,
  };
}

/** Within the status server's own port, so that nothing else is disturbed. */
const inServer = (text: string): string => `server { listen 8099; ${text} }`;

const newerOnly = /unknown directive "keepalive_min_timeout"/;

export const ways: readonly Way[] = [
  template('a directive that does not exist', /unknown directive "no_such_directive"/, 'no_such_directive on;'),
  template('a variable that does not exist', /unknown "no_such_variable" variable/, inServer('return 200 "$no_such_variable";')),
  template(
    'an include that is missing',
    /open\(\) "\/etc\/nginx\/nowhere\.conf" failed \(2: No such file/,
    'include /etc/nginx/nowhere.conf;',
  ),
  template('a block that is not closed', /unexpected end of file/, 'server {'),
  template('a directive in the wrong place', /"worker_processes" directive is not allowed here/, 'worker_processes 1;'),
  template('an argument too many', /invalid number of arguments in "charset" directive/, inServer('charset utf-8 utf-16;')),
  template('two upstreams of one name', /duplicate upstream "meet-spa"/, 'upstream meet-spa { server 127.0.0.1:8080; }'),
  template('an upstream of backups alone', /no servers in upstream "lonely"/, 'upstream lonely { server 127.0.0.1:8080 backup; }'),
  template('a weight of nothing', /invalid parameter "weight=0"/, 'upstream light { server 127.0.0.1:8080 weight=0; }'),
  template(
    'a regular expression that is none',
    /(pcre2?_compile|missing closing parenthesis|missing \))/i,
    inServer('location ~ "(" { return 204; }'),
  ),
  template(
    'a host name too long for its hash',
    /could not build server_names_hash/,
    `server { listen 8083; server_name ${'x'.repeat(60)}.example.com; }`,
  ),
  template(
    'options of a port that contradict',
    /duplicate listen options/,
    'server { listen 8083 backlog=5; listen 8099; } server { listen 8083 backlog=7; }',
  ),
  template('a zone that is not there', /zero size shared memory zone "nowhere"/, inServer('limit_req zone=nowhere;')),
  template('a directive that only a newer nginx knows', newerOnly, 'keepalive_min_timeout 1s;', {
    frontends: ['older-1'],
    async prepare({ meet, ...scene }) {
      // Alone at once, it would start with what was meant for the newer one.
      await meet.scale({ older: 1 });
      await scene.converged();
      await meet.scale({ frontend: 0 });
    },
    leave: ({ meet }) => meet.scale({ frontend: 1, older: 0 }),
  }),
  template('a directive that one of two frontends is too old for', newerOnly, 'keepalive_min_timeout 1s;', {
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
    'a shared zone whose key is another one',
    /limit_req "keyed" uses the "\$request_uri" key while previously it used the "\$remote_addr" key/,
    'limit_req_zone $request_uri zone=keyed:1m rate=100r/s;',
    {
      passesTest: true,
      endsWithContainer: true,
      prepare: async (scene) => {
        await scene.editTemplate('limit_req_zone $remote_addr zone=keyed:1m rate=100r/s;\n');
        await waitUntil('it is published', async () => (await scene.published()).includes('zone=keyed'));
        await scene.converged();
      },
      fix: (scene) => scene.editTemplate('# fixed\nlimit_req_zone $remote_addr zone=keyed:1m rate=100r/s;\n'),
    },
  ),
  {
    what: 'a label whose path a snippet of the user has too',
    words: /duplicate location "\/files"/,
    mark: 'location = /files ',
    leftOut: '/files',
    goesLive: { '/more': ['more-1'], '/files/': ['files-1'] },
    withoutWords: {
      heldBack: '(=/files, /files/, =/more, /more/)',
      routes: { '/more': ['SPA'], '/files/': ['SPA'] },
    },
    prepare: (scene) => scene.writeSnippet('location = /files { return 204; }\n'),
    // The harmless one comes second, so that it never goes live before the other one is there.
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
