import { checkTable } from '../doctor/check-table.ts';
import { gauges } from '../metrics/metrics.ts';
import { counters, histograms } from '../metrics/tally.ts';
import { compareText } from '../model/foreign-text.ts';
import { allLabels, roleMeanings, roles } from '../model/label-table.ts';
import type { Role } from '../model/label-table.ts';
import { maxLabelKeyLength, maxLabelValueLength } from '../model/label-limits.ts';
import { problemTable } from '../model/problem.ts';
import { flagWithValue, optionTable } from '../options.ts';
import { backendPreset } from '../routes/preset.ts';
import { symptomTable } from './symptom-table.ts';

const generated = '<!-- Generated from the tables in src by `npm run docs`. Do not edit. -->';

/** The reference pages below `docs/`, by file name: generated from the tables that the code itself reads. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['labels.md', labelsPage()],
    ['configuration.md', configurationPage()],
    ['problems.md', problemsPage()],
    ['metrics.md', metricsPage()],
    ['troubleshooting.md', troubleshootingPage()],
  ]);
}

/** The labels to know first; the others are in docs/labels.md alone. */
const firstLabels = new Set([
  'meet.instance',
  'meet.service',
  'meet.port',
  'meet.host',
  'meet.paths',
  'meet.websocket',
  'meet.balance',
  'meet.health',
  'meet.drain',
  'meet.body-size',
  'meet.read-timeout',
  'meet.route.<name>.path',
  'meet.allow.<name>',
  'meet.media.bucket',
]);

/** The README with its label table filled in between the markers, from the same table. */
export function readmeWithLabels(readme: string): string {
  const rows = allLabels
    .filter(({ key }) => firstLabels.has(key))
    .map((spec) => [`\`${spec.key}\``, rolesText(spec.roles), spec.meaning, spec.fallback]);
  const labels = table(
    ['label', 'on', 'meaning', 'default'],
    [['`meet.role`', 'all', `what the container is: ${list(roles)}`, '–'], ...rows],
  );
  return readme.replace(/(<!-- labels -->\n)[^]*?(<!-- \/labels -->)/, (_, open: string, close: string) => `${open}${labels}\n${close}`);
}

function labelsPage(): string {
  const rows = allLabels.map((spec) => [`\`${spec.key}\``, rolesText(spec.roles), spec.meaning, spec.allowed, spec.fallback]);
  return page('Labels', [
    '`meet.role` opts a container in; without it a container is ignored. Every other label is optional. A label that is unknown or has a bad value is reported with the container, the key, the value and what is allowed; it costs nothing but itself.',
    `A key of more than ${maxLabelKeyLength} characters, or a value of more than ${maxLabelValueLength}, is cut there and refused.`,
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
        ['1', 'a bug; `run`: the stop had to be forced, and the log says what did not end; `healthcheck`: not well'],
        [
          '137',
          '`run`: the stop had to be forced by SIGKILL, since the file system hangs; 139 where meet-gen is the first process of a container, which is immune to that',
        ],
        ['2', 'usage, or its own configuration'],
        ['3', "`render`: the engine can't be reached; `explain` and `status`: no running meet-gen could be asked"],
        ['4', '`render`: the template is missing or broken'],
        [
          '7',
          '`render`: problems were found, told on standard error; `drain`: not out of rotation; `explain`: nothing would answer; `status`: not all is live; `doctor`: something failed',
        ],
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

function metricsPage(): string {
  const rows = [
    ...Object.entries(gauges).map(([name, { labels, help }]) => [name, 'gauge', labels, help] as const),
    ...Object.entries(counters).map(([name, { help, ...more }]) => [name, 'counter', 'label' in more ? [more.label] : [], help] as const),
    ...Object.entries(histograms).map(([name, { help }]) => [name, 'histogram', [], help] as const),
  ].toSorted(([left], [right]) => compareText(left, right));
  return page('Metrics', [
    'Prometheus reads them at `/metrics` on `--listen`, whose Host header has to be an address, localhost or a name of `--allow-host`; they are on the unix socket, too. From other containers: `--listen 0.0.0.0:9180`, on a network of their own with Prometheus, since whoever reaches the port can read `/status` as well.',
    table(
      ['metric', 'type', 'labels', 'meaning'],
      rows.map(([name, type, labels, help]) => [
        `\`meet_gen_${name}\``,
        type,
        labels.map((label) => `\`${label}\``).join(', ') || '–',
        help,
      ]),
    ),
    'Results are counted from 0. Actions, endpoints and codes are there once they have been counted, and what has a time is there once it has happened: no last reload before the first.',
  ]);
}

function troubleshootingPage(): string {
  const run = [
    '<!-- block: doctor -->',
    '```sh',
    'docker run --rm --network meet_internal --group-add "$(stat -c %g /var/run/docker.sock)" \\',
    '  -v /var/run/docker.sock:/var/run/docker.sock meet-gen doctor',
    '```',
  ].join('\n');
  const sections = checkTable.map(({ id, title, symptom, looksAt, why, cure, weight }) =>
    [
      `### ${id}`,
      `**You see:** ${symptom}`,
      `**It should be so:** ${title}. Otherwise a ${weight}.`,
      `**The doctor looks at** ${looksAt}.`,
      `**Why it matters:** ${why}.`,
      `**How to mend it:** ${cure}`,
    ].join('\n\n'),
  );
  return page('Troubleshooting', [
    'Three commands tell most. [`meet-gen status`](status.md): how it is, in one look. [`meet-gen explain`](explain.md): who answers one path, and why nobody else does. `meet-gen doctor`: whether the whole set-up is right.',
    '## The usual ones',
    table(['you see', 'what it is', 'what meet-gen says'], symptomTable),
    '## The doctor',
    '`meet-gen doctor` checks all of what follows on the running containers, and says what is wrong, why it matters and how to mend it, with lines to paste.',
    run,
    "`meet_internal` is the Meet's own network: on another one the doctor can't ask the frontends. It changes nothing. Of a container's environment it reads a fixed list of names (host names, ports, switches) and forgets the rest; no secret is printed. What it has no access to is *not checked*, never *ok*. `--instance` looks at one Meet alone, `--json` is for programs. Exit code: 0, or 7 when something failed; warnings fail nothing.",
    "Besides reading (containers, networks, files of frontends and nginx-proxy, process lists), it runs `cat /proc/self/mountinfo` in containers that mount a single configuration file or a socket: nothing else tells that such a mount has gone stale. It wants the engine's own socket; behind the socket proxy of the example most checks are *not checked*.",
    '## From the symptom to the check',
    table(
      ['you see', 'check'],
      checkTable.map(({ id, symptom }) => [symptom, `[${id}](#${id})`]),
    ),
    '## The checks',
    ...sections,
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
