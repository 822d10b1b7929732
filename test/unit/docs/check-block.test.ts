import { describe, expect, it } from 'vitest';
import { checkBlock } from '../../support/docs/check-block.ts';
import { readBlocks } from '../../support/docs/fenced-blocks.ts';

// Every checker can fail: a wrong block of each kind, with its message.

const check = async (language: string, text: string, name?: string): Promise<string> =>
  (await checkBlock({ page: 'page.md', line: 7, language, name, text })).join('\n');

const labelled = (labels: string): string => `services:\n  backend:\n    labels:\n      ${labels}`;

describe('a block is refused', () => {
  it.each<[language: string, text: string, because: string]>([
    ['', 'text', 'page.md:7: no checker knows the language ""'],
    ['ini', '[a]', 'no checker knows the language "ini"'],
    ['constructor', '', 'no checker knows the language'],
    ['sh', '# nothing', 'the block has no command'],
    ['sh', 'meet-gen rnu', "unknown command 'rnu'"],
    ['sh', 'meet-gen status --jsno', "unknown option '--jsno'"],
    ['sh', 'meet-gen explain', 'missing required argument'],
    ['sh', 'docker compose exec meet-gen meet-gen drain --now x', "unknown option '--now'"],
    ['sh', 'docker compose exec meetgen meet-gen status', 'no service meetgen'],
    ['sh', 'docker run --rm meet-gen hok', "unknown command 'hok'"],
    ['sh', 'docker run --rm meetgen hook', 'which image is that?'],
    ['sh', 'docker run --network a --privileged meet-gen doctor', 'docker run --privileged: not in docker-flags.ts'],
    ['sh', 'docker rollout backend', 'docker rollout: not in docker-flags.ts'],
    ['sh', 'docker compose roll backend', 'docker compose roll: not in docker-flags.ts'],
    ['sh', 'docker compose -f compose.exmaple.yml up -d', 'compose.exmaple.yml: there is no such file'],
    ['sh', 'docker compose up --scale bakend=2 -d', 'no service bakend'],
    ['sh', 'docker stop a && docker stop b -t 3', 'flags come first'],
    ['sh', 'npm run demos', 'package.json has no such script'],
    ['sh', 'npm run demo -- --keeep', "Unknown option '--keeep'"],
    ['sh', 'npm run build now', 'takes no now'],
    ['sh', 'npx vitest test/unit', 'it would go on watching'],
    ['sh', 'npx vitest run --project units', 'vitest has no project units'],
    ['sh', 'npx vitest run test/unit/nowhere', 'there is no test/unit/nowhere'],
    ['sh', 'npx tsx test/nowhere.ts', 'there is no test/nowhere.ts'],
    ['sh', 'npx prettier .', 'not among the devDependencies'],
    ['sh', 'cp compose.exmaple.yml compose.yml', 'there is no compose.exmaple.yml'],
    ['sh', 'curly x', 'no checker knows this program'],
    ['sh', 'MEET_GEN_RELOD=exec meet-gen run', 'MEET_GEN_RELOD'],
    ['sh', 'MEET_GEN_RELOAD=exce meet-gen run', 'MEET_GEN_RELOAD'],
    ['sh', 'SOMETHING=1 meet-gen run', 'no checker knows this variable'],
    ['sh', 'npm run "$(npm run tset)"', 'npm run tset'],
    ['sh', 'for x in y; do meet-gen status; done', 'no checker knows this program'],
    ['sh', 'cat <<EOF', 'not understood as a command'],
    ['yaml', 'a: [', 'page.md:7: '],
    ['yaml', 'a: 1\na: 2', 'Map keys must be unique'],
    ['yaml', 'anything: else', 'no checker knows what this YAML is for'],
    ['yaml', 'scrape_configs: [{}]\nrule_files: [nowhere.yml]', 'docs/observability has no nowhere.yml\npage.md:7: a job has no name'],
    ['yaml', labelled('meet.rol: backend'), 'meet.rol'],
    ['yaml', labelled('meet.pahts: /x'), 'did you mean meet.paths?'],
    ['yaml', labelled('meet.read-timeout: soon'), 'meet.read-timeout=soon'],
    ['yaml', 'files:\n  labels:\n    meet.role: service\n    meet.paths: /files\n    meet.port: "80"', 'no-shared-network'],
    ['yaml', 'files:\n  networks: [intern]\n  image: x', 'files: nothing under networks is called intern'],
    ['yaml', 'files:\n  volumes: [data:/data]\n  image: x', 'files: nothing under volumes is called data'],
    ['yaml', 'files:\n  configs: [{ source: stub, target: /x }]\n  image: x', 'files: nothing under configs is called stub'],
    ['yaml', 'meet-gen:\n  environment: { MEET_GEN_RESYNC: seldom }', 'MEET_GEN_RESYNC'],
    ['json', '{"a": 1,}', 'JSON'],
    ['nginx', 'location /x { return 200; ', 'not closed'],
    ['nginx', '# nothing', 'the block has no directive'],
    ['diff', '  services:', 'the diff changes no line'],
    ['diff', '+a: 1\nb: 2', 'a line of a diff begins with'],
    ['diff', '-a: 1\n+b: 1', 'is not a compose file'],
    ['diff', ' services:\n   a:\n+    networks: [n]\n     image: x', 'nothing under networks is called n'],
    ['diff', ' services:\n-  a: { image: x }\n+  a: { image: y }', 'give the block a name'],
    ['text', 'what is printed', 'give the block a name'],
    ['console', '$ meet-gen status', 'give the block a name'],
  ])('%s: %s', async (language, text, because) => {
    expect(await check(language, text)).toContain(because);
  });
});

describe('a block is accepted', () => {
  it.each([
    ['sh', 'eval "$(npx tsx test/providers/engine/cli.ts up)"    # with a comment'],
    ['sh', 'docker run --rm -i \\\n  meet-gen render --compose - > out.conf && npm test'],
    ['sh', "meet-gen --out '/a b' | cat"],
    ['yaml', 'files:\n  labels:\n    meet.role: service\n    meet.paths: /files\n    meet.port: "80"\n  networks: [internal]'],
    ['yaml', 'networks:\n  more: {}'],
    ['json', '[1]'],
    ['nginx', 'location = /x {\n    return 200 "x";\n}'],
  ])('%s: %s', async (language, text) => {
    expect(await check(language, text)).toBe('');
  });
});

describe('reading a page', () => {
  it('finds blocks with their names, in lists too, and no blocks inside of blocks', () => {
    const page = 'a\n<!-- block: one -->\n```sh\n# `` `x` ``\n```\n- b\n  ~~~yaml\n  a:\n    b: 1\n  ~~~\n';
    expect(readBlocks('p', page)).toEqual([
      { page: 'p', line: 3, language: 'sh', name: 'one', text: '# `` `x` ``' },
      { page: 'p', line: 7, language: 'yaml', name: undefined, text: 'a:\n  b: 1' },
    ]);
  });

  it('refuses a block without an end, and a name without a block', () => {
    expect(() => readBlocks('p', '```sh\na')).toThrow("p:1: this block doesn't end");
    expect(() => readBlocks('p', '<!-- block: x -->\n\n```sh\n```')).toThrow('p:2: the block "x" doesn\'t follow its name');
  });
});
