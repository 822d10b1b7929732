import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lintFile } from '../../prose/lint-file.ts';
import { exempt } from '../../prose/scope.ts';

function lint(name: string, source: string): string[] {
  return lintFile(name, source).map(({ line, column, rule }) => `${line}:${column} ${rule}`);
}

describe('a Markdown page', () => {
  it('is checked in headings, paragraphs, lists and quotes', () => {
    const page = ['# Read afresh', '', 'Read *the list*', 'afresh.', '', '- Read afresh.', '', '> Read', '> afresh.'].join('\n');
    expect(lint('page.md', page)).toEqual(['1:8 word', '4:1 word', '6:8 word', '9:3 word']);
  });

  it('has a heading in a paragraph that is bold as a whole', () => {
    expect(lint('page.md', '**What meet-gen reads**\n\n**What meet-gen** reads')).toEqual(['3:3 what-clause']);
  });

  it('is exempt in code, tables, quotations and link targets', () => {
    const page = [
      'Read `afresh`, "read afresh" and [a link](afresh.md).',
      '',
      '```text\nread afresh\n```',
      '',
      '| read |\n| --- |\n| afresh |',
    ].join('\n');
    expect(lint('page.md', page)).toEqual([]);
  });

  it('is exempt in the one block after the comment for quotations', () => {
    expect(lint('page.md', '<!-- prose: quote -->\n\nRead afresh.\n\nRead afresh.')).toEqual(['5:6 word']);
  });

  it('is exempt if it is generated', () => {
    expect(lint('docs/labels.md', readFileSync('docs/labels.md', 'utf8'))).toEqual([]);
    expect(lint('page.md', '# Page\n\n<!-- Generated from the tables. -->\n\nRead afresh.')).toEqual([]);
  });

  it('has lines of at most 120 characters, except for tables, code and long links', () => {
    const long = 'word '.repeat(5).repeat(6).trim();
    const sentences = long.replaceAll('word word word word', 'A word. A word.');
    expect(lint('page.md', sentences)).toContain('1:121 line-length');
    expect(lint('page.md', `    ${sentences}`)).toEqual([]);
    expect(lint('page.md', `| ${sentences} |\n| --- |`)).toEqual([]);
    expect(lint('page.md', `A [link](https://example.org/${'path/'.repeat(20)}) to a page.`)).toEqual([]);
  });
});

describe('a TypeScript file', () => {
  it('is checked in comments, over the lines of each', () => {
    const source = '// The address of\n// now.\nconst a = 1; // Afresh.\n/**\n * Reads.\n * @param b read afresh\n */\n';
    expect(lint('test/a.ts', source)).toEqual(['1:16 word', '3:17 word', '6:18 word']);
  });

  it('counts line comments in adjacent lines as one text, but not a comment after code', () => {
    expect(lint('test/a.ts', 'a(); // Read\n// afresh\n\n// afresh')).toEqual(['2:4 word', '4:4 word']);
  });

  it('is checked in the messages of src', () => {
    const source = "log('read the list afresh');\nlog(`read ${the(list)} all` + ' afresh');\n";
    expect(lint('src/a.ts', source)).toEqual(['1:20 word', '2:33 word']);
    expect(lint('test/a.ts', source)).toEqual([]);
  });

  it('is exempt in short strings and code', () => {
    expect(lint('src/a.ts', "use('afresh');\nuse('location /a afresh b { return 503; }');\n")).toEqual([]);
  });

  it('is checked in test names, with values in place', () => {
    const source = "it('reads afresh', run);\ndescribe.each(cases)(`reads ${list} afresh`, run);\nother('reads afresh');\n";
    expect(lint('test/a.test.ts', source)).toEqual(['1:11 word', '2:37 word']);
  });

  it('fails if it has a syntax error', () => {
    expect(() => lint('test/a.ts', 'const = ;')).toThrow("test/a.ts can't be parsed");
  });
});

describe('a shell script, a compose file and a Dockerfile', () => {
  it.each(['templates/a.sh', 'compose.example.yml', 'Dockerfile'])('is checked in comments: %s', (name) => {
    expect(lint(name, '#!/bin/sh\n# Read\n# afresh.\nrun afresh # afresh\n')).toEqual(['3:3 word']);
  });

  it('is exempt in configuration that a comment turns off', () => {
    expect(lint('compose.example.yml', '#   mode: afresh\n#   - afresh\n')).toEqual([]);
  });
});

function isExempt(name: string): boolean {
  return exempt.some((pattern) => pattern.test(name));
}

describe('the scope', () => {
  it('exempts rendered templates', () => {
    expect(isExempt('templates/routing.conf.eta')).toBe(true);
    expect(['docs/concepts.md', 'README.md', 'src/docs/generate.ts', 'test/README.md'].filter(isExempt)).toEqual([]);
  });
});
