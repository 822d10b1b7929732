import { labelFamiliesNotSupportedYet, labelsNotSupportedYet, labelTable, roleMeanings, roles } from '../model/label-table.ts';
import type { Role } from '../model/label-table.ts';
import { problemTable } from '../model/problem.ts';
import { flagWithValue, optionTable } from '../options.ts';
import { backendPreset } from '../routes/preset.ts';

const generated = '<!-- Generated from the tables in src by `npm run docs`. Do not edit. -->';

/** The reference pages below `docs/`, by file name: generated from the tables that the code itself reads. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['labels.md', labelsPage()],
    ['configuration.md', configurationPage()],
    ['problems.md', problemsPage()],
  ]);
}

/** The README with its label table filled in between the markers, from the same table. */
export function readmeWithLabels(readme: string): string {
  const rows = Object.values(labelTable).map((spec) => [`\`${spec.key}\``, rolesText(spec.roles), spec.meaning, spec.fallback]);
  const labels = table(
    ['label', 'on', 'meaning', 'default'],
    [['`meet.role`', 'all', `what the container is: ${list(roles)}`, '–'], ...rows],
  );
  return readme.replace(/(<!-- labels -->\n)[^]*?(<!-- \/labels -->)/, (_, open: string, close: string) => `${open}${labels}\n${close}`);
}

function labelsPage(): string {
  const rows = Object.values(labelTable).map((spec) => [
    `\`${spec.key}\``,
    rolesText(spec.roles),
    spec.meaning,
    spec.allowed,
    spec.fallback,
  ]);
  return page('Labels', [
    '`meet.role` opts a container in; without it a container is ignored. Every other label is optional. A label that is unknown or has a bad value is reported with the container, the key, the value and what is allowed; it costs nothing but itself.',
    table(
      ['label', 'on', 'meaning', 'allowed', 'default'],
      [['`meet.role`', 'all', 'what the container is', roles.map((role) => `\`${role}\``).join(', '), '–'], ...rows],
    ),
    '## The roles',
    table(
      ['role', 'what it is'],
      Object.entries(roleMeanings).map(([role, meaning]) => [`\`${role}\``, meaning]),
    ),
    "## The backend's paths",
    `Without \`meet.paths\` a backend answers ${backendPreset.map((path) => `\`${path}\``).join(', ')}: each itself and everything below it. \`meet.paths=+/extra\` adds to them, \`meet.paths=/only\` replaces them.`,
    'A prefix never captures a room: `/api` is `/api` and `/api/…`, while `/api-abcd-efg` is a room of the SPA.',
    '## Not supported yet',
    `These are refused by name until they work: the labels ${list(labelsNotSupportedYet)}, ${list(labelFamiliesNotSupportedYet.map((family) => `${family}*`))}.`,
  ]);
}

function configurationPage(): string {
  const rows = Object.values(optionTable).map((spec) => [
    `\`${flagWithValue(spec)}\``,
    `\`${spec.variable}\``,
    'fallback' in spec ? `\`${spec.fallback}\`` : '–',
    spec.meaning,
    spec.commands.join(', '),
  ]);
  return page('Configuration', [
    'Every option is a flag and an environment variable; the flag wins. All problems are reported at once, and the process ends with exit code 2. A variable that starts with `MEET_GEN_` and is not in this table is a mistake, and is reported too.',
    table(['flag', 'variable', 'default', 'meaning', 'commands'], rows),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      [
        ['0', 'done; `run`: stopped as told'],
        ['1', 'a bug; `healthcheck`: not well'],
        ['2', 'usage, or its own configuration'],
        ['3', "`render`: the engine can't be reached"],
        ['4', '`render`: the template is missing or broken'],
        ['7', '`render`: problems were found, told on standard error; `drain`: not out of rotation'],
      ],
    ),
  ]);
}

function problemsPage(): string {
  const rows = Object.entries(problemTable).map(([code, { severity, meaning }]) => [`\`${code}\``, severity, meaning]);
  return page('Problems', [
    'What meet-gen reports, in its log, in `/status` and on the standard error of `render`. Each comes with the container, label and value it is about, and with what to do. An `error` costs somebody routes, a `warning` costs a label or a choice, a `notice` only tells.',
    table(['code', 'severity', 'meaning'], rows),
  ]);
}

function page(title: string, parts: readonly string[]): string {
  return `${[`# ${title}`, generated, ...parts].join('\n\n')}\n`;
}

function rolesText(some: readonly Role[]): string {
  return some.length === roles.length ? 'all' : some.join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}
