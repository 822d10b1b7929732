/*
 * docs/: the tables in the code go in. The reference pages in docs/ come out.
 */

import { answerLimits, maxJsonParts, maxListed } from '../source/docker/answer-limits.ts';
import { gauges } from '../metrics/metrics.ts';
import { counters, histograms } from '../metrics/tally.ts';
import { compareText } from '../model/untrusted-text.ts';
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

/** The reference pages in `docs/`, by file name, generated from the tables that the code reads. */
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

/** The README with its label table between the markers. */
export function readmeWithLabels(readme: string): string {
  const rows = allLabels
    .filter(({ isBasic }) => isBasic)
    .map((spec) => [`\`${spec.key}\``, rolesText(spec.roles), spec.meaning, spec.fallback]);
  const labels = table(
    ['label', 'on', 'meaning', 'default'],
    [['`meet.role`', 'all', `the role of the container: ${list(roles)}`, '–'], ...rows],
  );
  return readme.replace(/(<!-- labels -->\n)[^]*?(<!-- \/labels -->)/, (_, open: string, close: string) => `${open}${labels}\n${close}`);
}

/** The alerts, with the codes from the problem table in MeetGenProblem. */
export function alertsWithCodes(alerts: string): string {
  return alerts.replace(/(?<=meet_gen_problems\{code=~")[^"]*/, alertedCodes().join('|'));
}

function labelsPage(): string {
  const own = allLabels.flatMap(({ key, scope }) => (scope === 'replica' ? `\`${key}\`` : []));
  const rows = allLabels.map((spec) => [`\`${spec.key}\``, rolesText(spec.roles), spec.meaning, spec.allowed, spec.fallback]);
  return page('Labels', [
    '`meet.role` opts a container in; containers without this label are ignored. Every other label is optional. meet-gen ignores an unknown label or a bad value. It reports the container, the key, the value and the allowed values. In the comma lists of `meet.paths` and `meet.host` only the bad entry is ignored; in `meet.allow` a bad entry closes the path.',
    table(
      ['label', 'on', 'meaning', 'allowed', 'default'],
      [['`meet.role`', 'all', 'the role of the container', roles.map((role) => `\`${role}\``).join(', '), '–'], ...rows],
    ),
    '## The roles',
    table(
      ['role', 'what it is'],
      Object.entries(roleMeanings).map(([role, meaning]) => [`\`${role}\``, meaning]),
    ),
    '## Replicas that disagree',
    `Replicas of one service can have different labels, as in a rolling update. For each label the newest readable value among the replicas *in rotation* applies to all; a missing label counts as its default. The problem \`replicas-disagree\` names the other replicas. A value with a bad entry counts only where no replica has a fully readable one. A \`meet.route.<name>\` is one value with all its attributes. ${own.slice(0, -1).join(', ')} and ${own.at(-1)} are each replica's own.`,
    '- A replica out of rotation decides nothing for the others: unhealthy beside healthy ones, drained, stopped, in a crash loop.',
    '- A replica that left the rotation decides nothing for a minute, even after its return, while other replicas can decide. So unstable health changes the routes at most twice a minute; addresses change each time.',
    '- The `meet.allow` labels of all replicas in rotation apply together: a path is open only to networks that each replica lets in. An unreadable guard closes. A removed guard ends once the last replica with it is removed, or has been out of rotation for a minute.',
    '- A different role is a different service. A `service` with the `meet.service` of a backend in its project becomes `<name>~service`; the backend stays unchanged.',
    '## Guarded paths',
    'nginx picks a location, and so its guard, by its own reading of a path. The service gets the path as sent, and may read it differently: `/app/admin//../users` is `/app/users` to nginx and `/app/admin/users` to Node. So all routes of a service with a `meet.allow`, and the files of `media`, take plain paths only. nginx answers 400 to paths with these parts:',
    table(
      ['what', 'example'],
      refusedPaths.map(({ what, example }) => [what, `\`${example}\``]),
    ),
    'Only the path counts: the part after the `?` may contain anything. These are plain too: names with dots (`file%2etxt`, `.well-known`, `...`), spaces, letters in UTF-8, and `%25`. A service with URLs or keys with slashes in its paths (`/proxy/https://…`, `group%2Fproject`) cannot have a `meet.allow`: let it guard itself. A service without a `meet.allow` gets every path as sent.',
    "Each refusal is a line in the error log of the frontend's nginx. To count them, search `docker compose logs frontend` for `refused this path for`. Each line has the reason, the address that asked nginx, and the request. The access log shows 400.",
    'A guard compares names as nginx does. Some services read `/Admin`, `/admin.json` or `/admin;x` as `/admin`, or decode a path before they split at the `?`. Such a service has to guard these paths itself. The alternative is a `meet.allow` for the whole service (`/app from …`).',
    "## The backend's paths",
    `Without \`meet.paths\` a backend answers ${backendPreset.map((path) => `\`${path}\``).join(', ')}, each with all paths below. \`meet.paths=+/extra\` adds to this preset, \`meet.paths=/only\` replaces it.`,
    'A prefix never captures a room: `/api` is `/api` and `/api/…`, while `/api-abcd-efg` is a room of the SPA.',
    '## Limits',
    'meet-gen counts these before it reads them, so no label delays the routes of others. With `--instance`, meet-gen reads only `meet.instance` and the labels of compose and swarm on containers of other instances.',
    table(
      ['what', 'at most', 'beyond that'],
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
    'Every option is a flag and an environment variable; the flag wins. meet-gen reports all mistakes at once and exits with code 2. A variable that starts with `MEET_GEN_` and is not in this table is a mistake too.',
    table(['flag', 'variable', 'default', 'meaning', 'commands'], rows),
    "## The engine's answers",
    `The limits apply to each answer of the engine, or of a program in its place. A container made by compose takes 2.3 KB of a list: 10,000 containers take 23 MB, which leaves 4 KB of further labels for each. A list has at most ${maxListed} containers. An answer in JSON has at most ${maxJsonParts} objects, lists and commas outside of its texts. meet-gen follows no redirect.`,
    table(
      ['answer', 'at most', 'beyond that'],
      Object.values(answerLimits).map(({ answer, maxBytes, beyond }) => [answer, bytesText(maxBytes), beyond]),
    ),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      [
        ['0', 'done; `run`: stopped by a signal'],
        ['1', 'a bug; `run`: the stop had to be forced, and the log names the work that did not end; `healthcheck`: unhealthy'],
        [
          '137',
          '`run`: the stop had to be forced by SIGKILL, since the file system hangs. The code is 139 if meet-gen is the first process of a container, which ignores SIGKILL',
        ],
        ['2', 'wrong usage or configuration'],
        ['3', '`render`: the engine is unreachable; `explain` and `status`: no running meet-gen answered'],
        ['4', '`render`: the template is missing or broken'],
        [
          '7',
          '`render`: problems were found, listed on standard error. `drain`: the container is in rotation. `explain`: no service would answer. `status`: a change is not live. `doctor`: a check failed',
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
    'The problems that meet-gen reports in its log, in `/status` and on the standard error of `render`. Each has the container, label and value concerned, and a cure. An `error` costs routes, a `warning` costs a label or a choice, a `notice` is for information.',
    '`run` and `render` find the same problems in the same containers. Some problems have a single command that finds them. `run` gets events, publishes, signals and asks frontends. `render --compose` sees services without a role, and reports values that need an engine. `status` tries connections to replicas. `render` exits with 7 for an `error` or a `warning`, not for a `notice`.',
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
    'Prometheus reads the metrics at `/metrics` on `--listen`; the unix socket has them too. The Host header of a request has to be an address, localhost or a name from `--allow-host`. For Prometheus in another container set `--listen 0.0.0.0:9180`, on a network for these two alone: every client that reaches the port can read `/status` too.',
    table(
      ['metric', 'type', 'labels', 'meaning'],
      rows.map(([name, type, labels, help]) => [
        `\`meet_gen_${name}\``,
        type,
        labels.map((label) => `\`${label}\``).join(', ') || '–',
        help,
      ]),
    ),
    'Counters of results start at 0. Series for actions, endpoints and codes appear with their first count, and times appear with the first event.',
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
    'Every message that `meet-gen run` logs, with its meaning and the advice. A message is a static phrase under `msg`, so that an alert can compare it; everything that varies is a field.',
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
