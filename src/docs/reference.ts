import { answerLimits, maxJsonParts, maxListed } from '../source/docker/answer-limits.ts';
import { gauges } from '../metrics/metrics.ts';
import { counters, histograms } from '../metrics/tally.ts';
import { compareText } from '../model/foreign-text.ts';
import { allLabels, roleMeanings, roles } from '../model/label-table.ts';
import type { Role } from '../model/label-table.ts';
import { labelLimits } from '../model/label-limits.ts';
import { alertedCodes, problemTable } from '../model/problem.ts';
import { flagWithValue, optionTable } from '../options.ts';
import { backendPreset } from '../routes/preset.ts';
import { refusedPaths } from '../routes/refused-path.ts';
import { logFields, logMessages } from '../util/log-messages.ts';
import { page, table } from './markdown.ts';
import { troubleshootingPages } from './troubleshooting.ts';

/** The reference pages below `docs/`, by file name: generated from the tables that the code itself reads. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['labels.md', labelsPage()],
    ['configuration.md', configurationPage()],
    ['problems.md', problemsPage()],
    ['metrics.md', metricsPage()],
    ['logs.md', logsPage()],
    ...troubleshootingPages(),
  ]);
}

/** The README with its label table filled in between the markers, from the same table. */
export function readmeWithLabels(readme: string): string {
  const rows = allLabels
    .filter(({ isBasic }) => isBasic)
    .map((spec) => [`\`${spec.key}\``, rolesText(spec.roles), spec.meaning, spec.fallback]);
  const labels = table(
    ['label', 'on', 'meaning', 'default'],
    [['`meet.role`', 'all', `what the container is: ${list(roles)}`, '–'], ...rows],
  );
  return readme.replace(/(<!-- labels -->\n)[^]*?(<!-- \/labels -->)/, (_, open: string, close: string) => `${open}${labels}\n${close}`);
}

/** The alerts, with MeetGenProblem about the codes that the table of problems says. */
export function alertsWithCodes(alerts: string): string {
  return alerts.replace(/(?<=meet_gen_problems\{code=~")[^"]*/, alertedCodes().join('|'));
}

function labelsPage(): string {
  const own = allLabels.flatMap(({ key, scope }) => (scope === 'replica' ? `\`${key}\`` : []));
  const rows = allLabels.map((spec) => [`\`${spec.key}\``, rolesText(spec.roles), spec.meaning, spec.allowed, spec.fallback]);
  return page('Labels', [
    '`meet.role` opts a container in; without it a container is ignored. Every other label is optional. A label that is unknown or has a bad value is reported with the container, the key, the value and what is allowed; it costs nothing but itself. In the comma lists of `meet.paths` and `meet.host` a bad entry costs itself alone; in `meet.allow` it closes the path.',
    table(
      ['label', 'on', 'meaning', 'allowed', 'default'],
      [['`meet.role`', 'all', 'what the container is', roles.map((role) => `\`${role}\``).join(', '), '–'], ...rows],
    ),
    '## The roles',
    table(
      ['role', 'what it is'],
      Object.entries(roleMeanings).map(([role, meaning]) => [`\`${role}\``, meaning]),
    ),
    '## Replicas that disagree',
    `Replicas of one service can carry different labels, as in a rolling update. For each label the newest value that can be read among the replicas *in rotation* holds for all; where no label is set, its default is the value. The problem \`replicas-disagree\` names the others. A value with a bad entry counts only where no replica has a whole one, and a \`meet.route.<name>\` is one value with all its attributes. ${own.slice(0, -1).join(', ')} and ${own.at(-1)} are each replica's own.`,
    '- A replica that is out of rotation decides nothing for the others: unhealthy beside healthy ones, drained, stopped, in a crash loop.',
    '- A replica that left the rotation decides nothing for a minute, also when it is back, while there are others. So health that comes and goes changes the routes twice a minute at most; addresses follow each time.',
    '- `meet.allow` of all replicas in rotation hold together: a path is open only to networks that each of them lets in, and a guard that can not be read closes. A guard that was removed goes when the last replica that carries it has left the rotation for a minute, or is removed.',
    '- Another role is another service: a `service` with the `meet.service` of a backend of its project is called `<name>~service`, and changes nothing of the backend.',
    '## Guarded paths',
    'nginx picks a location, and with it who may enter, by its own reading of a path. The service gets the path as it was sent, and may read it otherwise: `/app/admin//../users` is `/app/users` to nginx and `/app/admin/users` to Node. So a service with a `meet.allow` takes plain paths only, at all its routes, and so do the files of `media`. A path with one of these is answered 400 before anything else:',
    table(
      ['what', 'example'],
      refusedPaths.map(({ what, example }) => [what, `\`${example}\``]),
    ),
    'Only the path counts: what stands behind the `?` may hold anything. Plain are names with dots (`file%2etxt`, `.well-known`, `...`), spaces, letters in UTF-8, and `%25`. A service that carries URLs or keys with slashes in its paths (`/proxy/https://…`, `group%2Fproject`) cannot have a `meet.allow`: let it guard itself. A service without a `meet.allow` gets every path as it was sent.',
    "Each refusal is a line in the error log of the frontend's nginx: count the lines of `docker compose logs frontend` with `refused this path for`. Each has the reason, the address that asked nginx, and the request. In the access log they are 400.",
    'A guard compares names as nginx does. A service that takes `/Admin`, `/admin.json` or `/admin;x` for `/admin`, or that decodes a path before it looks for the `?`, has to guard these itself, or gets a `meet.allow` for all of it (`/app from …`).',
    "## The backend's paths",
    `Without \`meet.paths\` a backend answers ${backendPreset.map((path) => `\`${path}\``).join(', ')}: each itself and everything below it. \`meet.paths=+/extra\` adds to them, \`meet.paths=/only\` replaces them.`,
    'A prefix never captures a room: `/api` is `/api` and `/api/…`, while `/api-abcd-efg` is a room of the SPA.',
    '## Limits',
    'What is counted before it is read, so that no label holds up the routes of others. With `--instance`, only `meet.instance` and the labels of compose and swarm are looked at of a container of another instance.',
    table(
      ['what', 'at most', 'more than that'],
      labelLimits.map(({ what, most, beyond }) => [what, String(most), beyond]),
    ),
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
    "## The engine's answers",
    `So much is read of what the engine, or whatever answers in its place, says. A container as compose makes it takes 2.3 KB of a list: 10,000 of them take 23 MB, which leaves each of them 4 KB of further labels. A list has at most ${maxListed} containers, and an answer in JSON at most ${maxJsonParts} objects, lists and commas outside of its texts. No redirect is followed.`,
    table(
      ['answer', 'at most', 'more than that'],
      Object.values(answerLimits).map(({ answer, maxBytes, beyond }) => [answer, bytesText(maxBytes), beyond]),
    ),
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
  const rows = Object.entries(problemTable).map(([code, spec]) => [
    `\`${code}\``,
    spec.severity,
    'foundBy' in spec ? `\`${spec.foundBy}\`` : 'both',
    spec.meaning,
  ]);
  return page('Problems', [
    'What meet-gen reports, in its log, in `/status` and on the standard error of `render`. Each comes with the container, label and value it is about, and with what to do. An `error` costs somebody routes, a `warning` costs a label or a choice, a `notice` only tells.',
    '`run` and `render` find the same problems in the same containers. Some only one command can find: `run` hears events, publishes, signals and asks frontends, `render --compose` sees services that have no role, and says what needs an engine, `status` tries connections to replicas. `render` ends with 7 for an `error` or a `warning`, not for a `notice`.',
    table(['code', 'severity', 'found by', 'meaning'], rows),
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

function logsPage(): string {
  const rows = Object.values(logMessages).map(({ message, level, meaning, action, fields, ...row }) => [
    `\`${message}\``,
    level,
    meaning,
    action,
    [list(fields), 'optional' in row ? `sometimes ${list(row.optional)}` : ''].filter((text) => text !== '').join('; ') || '–',
  ]);
  return page('Log messages', [
    'Every message that `meet-gen run` logs, with what the message means and what to do. A message is a static phrase under `msg`, so that an alert can compare it; everything that varies is a field.',
    'Logs go to standard error (`docker compose logs meet-gen`). A line is a JSON object with `level`, `time`, the fields and `msg`. On a terminal, and with `--log-format pretty`, lines are laid out for reading. `--log-level debug` also shows the messages of that level. Each event is logged once, however often meet-gen looks. Text from containers is shown as printable ASCII.',
    table(['message', 'level', 'meaning', 'what to do', 'fields'], rows),
    '## The fields',
    table(
      ['field', 'meaning'],
      Object.entries(logFields).map(([field, meaning]) => [`\`${field}\``, meaning]),
    ),
  ]);
}

function bytesText(bytes: number): string {
  return bytes >= 1024 ** 2 ? `${bytes / 1024 ** 2} MiB` : `${bytes / 1024} KiB`;
}

function rolesText(some: readonly Role[]): string {
  return some.length === roles.length ? 'all' : some.join(', ');
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}
