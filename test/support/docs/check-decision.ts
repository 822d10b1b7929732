const parts = ['Context', 'Decision', 'Consequences'];
const maxLines = 25;
const maxLineLength = 120;

/** Checks the file of a decision: name, title, the three parts and length. */
export function checkDecision(name: string, text: string): readonly string[] {
  const lines = linesOf(text);
  const found = [...text.matchAll(/^(?:#+ |\*\*)(Context|Decision|Consequences)\b/gm)].map(([, part = '']) => part);
  const problems = [
    ...(/^[a-z0-9]+(?:-[a-z0-9]+)*\.md$/.test(name) ? [] : ['the name is not in kebab case']),
    ...(titleOf(text) === undefined ? ['the first line is not a title'] : []),
    ...(found.join() === parts.join() ? [] : [`the parts are not ${parts.join(', ')}, in this order`]),
    ...(lines.length > maxLines ? [`${lines.length} lines, at most ${maxLines}`] : []),
    ...longLines(lines),
  ];
  return problems.map((problem) => `${name}: ${problem}`);
}

/**
 * Problems of the index: it lists each decision once, by its title, and nothing else.
 * @param decisions the text of each file in the folder but the index, by the file's name
 */
export function checkDecisionIndex(index: string, decisions: ReadonlyMap<string, string>): readonly string[] {
  const entries = [...index.matchAll(/^- \[(.*)\]\(([^)/]+\.md)\)$/gm)].map(([, title = '', name = '']) => ({ title, name }));
  const perFile = [...decisions].flatMap(([name, text]) => {
    const own = entries.filter((entry) => entry.name === name);
    if (own.length !== 1) return [`${name}: in the index ${own.length} times`];
    return own[0]?.title === titleOf(text) ? [] : [`${name}: the index has another title`];
  });
  const unknown = entries.filter(({ name }) => !decisions.has(name)).map(({ name }) => `${name}: in the index, but not in the folder`);
  return [...perFile, ...unknown, ...longLines(linesOf(index)).map((problem) => `README.md: ${problem}`)];
}

const titleOf = (text: string): string | undefined => /^# (.+)\n/.exec(text)?.[1];

const linesOf = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n');

function longLines(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line, index) =>
    line.length > maxLineLength ? [`line ${index + 1} has ${line.length} characters, at most ${maxLineLength}`] : [],
  );
}
