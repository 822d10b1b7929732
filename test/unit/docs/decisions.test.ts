import { describe, expect, it } from 'vitest';
import { checkDecision, checkDecisionIndex } from '../../support/docs/check-decision.ts';
import { documentationPages, readPage } from '../../support/docs/pages.ts';

const folder = 'docs/decisions/';
const index = readPage(`${folder}README.md`);
const decisions = new Map(
  documentationPages()
    .filter((page) => page.startsWith(folder) && page !== `${folder}README.md`)
    .map((page) => [page.slice(folder.length), readPage(page)]),
);

describe('decisions', () => {
  it('exist, and their index begins with a paragraph', () => {
    expect(decisions.size).toBeGreaterThan(20);
    expect(index).toMatch(/^# Decisions\n\n[A-Z]/);
  });

  it.each([...decisions])('have a title, three parts and at most 25 lines of 120 characters: %s', (name, text) => {
    expect(checkDecision(name, text)).toEqual([]);
  });

  it('are listed once in the index, by their titles', () => {
    expect(checkDecisionIndex(index, decisions)).toEqual([]);
  });
});

describe('the check of decisions', () => {
  const good = '# A title\n\n**Context.** A.\n\n**Decision.** B.\n\n**Consequences.** C.\n';

  it('accepts paragraphs and headings', () => {
    expect(checkDecision('a-title.md', good)).toEqual([]);
    expect(checkDecision('a-title.md', '# A title\n\n## Context\n\nA.\n\n## Decision\n\nB.\n\n## Consequences\n\nC.\n')).toEqual([]);
  });

  it.each([
    ['A_Title.md', good, 'the name is not in kebab case'],
    ['a.md', good.replace('# A title', 'A title'), 'the first line is not a title'],
    ['a.md', good.replace('**Decision.** B.\n\n', ''), 'the parts are not Context, Decision, Consequences, in this order'],
    ['a.md', `${good}${'\n'.repeat(19)}`, '26 lines, at most 25'],
    ['a.md', `${good}${'x'.repeat(121)}\n`, 'line 8 has 121 characters, at most 120'],
  ])('refuses %s with %j', (name, text, problem) => {
    expect(checkDecision(name, text)).toEqual([`${name}: ${problem}`]);
  });

  it('refuses an index with a missing, a double, an unknown and a renamed entry', () => {
    const text = '# Decisions\n\n- [B](b.md)\n- [B](b.md)\n- [Other](c.md)\n- [D](d.md)\n- [E](e.md)\n';
    const files = new Map(['a', 'b', 'c', 'd'].map((name) => [`${name}.md`, `# ${name.toUpperCase()}\n`]));
    expect(checkDecisionIndex(text, files)).toEqual([
      'a.md: in the index 0 times',
      'b.md: in the index 2 times',
      'c.md: the index has another title',
      'e.md: in the index, but not in the folder',
    ]);
  });
});
