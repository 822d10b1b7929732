import { checkGroups } from '../doctor/check-table.ts';
import type { CheckGroup } from '../doctor/check-table.ts';
import { list, page, table } from './markdown.ts';
import { symptomTable } from './symptom-table.ts';

/** From the symptoms and the doctor's checks to `docs/troubleshooting.md`, and a page for each group of checks. */
export function troubleshootingPages(): readonly (readonly [file: string, text: string])[] {
  return [
    ['troubleshooting.md', symptomsPage()],
    ...checkGroups.map((group) => [`troubleshooting/${group.name}.md`, checksPage(group)] as const),
  ];
}

function symptomsPage(): string {
  const run = [
    '<!-- block: doctor -->',
    '```sh',
    'docker run --rm --network meet_internal --group-add "$(stat -c %g /var/run/docker.sock)" \\',
    '  -v /var/run/docker.sock:/var/run/docker.sock meet-gen doctor',
    '```',
  ].join('\n');
  const byGroup = checkGroups.flatMap(({ name, title, checks }) => [
    `### ${title}`,
    table(
      ['you see', 'check'],
      checks.map(({ id, symptom }) => [symptom, `[${id}](troubleshooting/${name}.md#${id})`]),
    ),
  ]);
  return page('Troubleshooting', [
    'Find the symptom in a table below, or ask one of three commands. [`meet-gen status`](status.md) shows the whole state, [`meet-gen explain`](explain.md) which container answers a path, and `meet-gen doctor` whether the set-up is right.',
    '## The usual ones',
    table(['you see', 'cause', 'what meet-gen shows'], symptomTable),
    '## The doctor',
    '`meet-gen doctor` runs all checks below on the running containers. For each fault it shows the reason and the fix, with lines to paste. The doctor changes nothing.',
    run,
    list([
      "`meet_internal` is the Meet's own network. From another network the doctor can't ask the frontends.",
      'A check without its access is *not checked*, never *ok*. The doctor needs the socket of the engine itself: behind the socket proxy of the example, most checks are *not checked*.',
      "The doctor reads a fixed list of names from a container's environment (host names, ports, switches) and drops the rest. It prints no secret.",
      'It reads containers, networks, files of frontends and nginx-proxy, and process lists, and runs two commands. `cat /proc/self/mountinfo`, in containers that mount a single configuration file or a socket, shows whether that mount is stale. A few lines of Python in a backend connect to the public names of Keycloak and LiveKit, and ask its own `/__heartbeat__`. Only the backend can show what it reaches.',
      'It also helps before you install meet-gen. On a Meet with a hand-written file, or the template of its own compose file, it names what meet-gen replaces.',
      '`--instance` checks one Meet alone, `--json` is for programs. The exit code is 0, or 7 when a check failed; warnings fail nothing.',
    ]),
    '## From the symptom to the check',
    ...byGroup,
  ]);
}

function checksPage({ title, about, checks }: CheckGroup): string {
  const sections = checks.flatMap(({ id, title: expected, symptom, looksAt, why, cure, weight }) => [
    `## ${id}`,
    symptom,
    list([`**Expected:** ${expected}. Otherwise a ${weight}.`, `**Looks at:** ${looksAt}.`, `**Why:** ${why}.`, `**Fix:** ${cure}`]),
  ]);
  return page(title, [`${about} The table of all symptoms: [troubleshooting](../troubleshooting.md).`, ...sections]);
}
