import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { runLabel } from '../../providers/engine/test-run.ts';
import type { MeetStack } from '../meet-stack.ts';
import { waitUntil } from '../wait-until.ts';

/** Reads the published file a hundred times a second. */
export interface Lookout {
  /** The number of reads so far, and of reads with the text. */
  counts(): Promise<{ readonly looks: number; readonly sightings: number }>;
}

let lookouts = 0;

/** Starts to look for a text in the published file; resolves after the first read. */
export async function lookOutFor(meet: MeetStack, mark: string): Promise<Lookout> {
  const place = `/tmp/lookout-${++lookouts}`;
  const script = `
    const { readFileSync, writeFileSync, renameSync } = require('node:fs');
    const counts = { looks: 0, sightings: 0 };
    setInterval(() => {
      let text = '';
      try { text = readFileSync('/routing/routing.conf', 'utf8'); } catch {}
      counts.looks += 1;
      if (text.includes(${JSON.stringify(mark)})) counts.sightings += 1;
      writeFileSync('${place}.new', JSON.stringify(counts));
      renameSync('${place}.new', '${place}');
    }, 10);
  `;
  await meet.docker('exec', '--detach', meet.container('tools-1'), 'node', '-e', script);
  const counts = async (): Promise<{ looks: number; sightings: number }> =>
    JSON.parse(await meet.tool('cat', place)) as { looks: number; sightings: number };
  await waitUntil('the lookout reads', () =>
    counts().then(
      ({ looks }) => looks > 0,
      () => false,
    ),
  );
  return { counts };
}

/**
 * Kills a frontend's nginx from outside as soon as the published file or the candidate has this text.
 * @returns a function that waits for the kill
 */
export async function crashAtSightOf(engine: Engine, meet: MeetStack, frontend: string, mark: string): Promise<() => Promise<void>> {
  const name = `${meet.project}-crasher-${++lookouts}`;
  const pid = await meet.inspect(frontend, '{{.State.Pid}}');
  const script = `
    echo ready
    until grep -qs '${mark}' /routing/routing.conf /routing/.candidate.conf; do sleep 0.005; done
    grep -q nginx /proc/${pid}/cmdline && kill -s KILL ${pid} && echo crashed
  `;
  const place = [
    '--network',
    'none',
    '--pid',
    'host',
    '--userns',
    'host',
    '--user',
    '0',
    '--volume',
    `${meet.project}_routing:/routing:ro`,
  ];
  await docker(engine, [
    'run',
    '--detach',
    '--label',
    runLabel,
    '--name',
    name,
    ...place,
    '--entrypoint',
    'sh',
    'meet-gen-test/idle:latest',
    '-c',
    script,
  ]);
  const says = async (word: string): Promise<boolean> => (await docker(engine, ['logs', name])).includes(word);
  await waitUntil('the crasher waits', () => says('ready'));
  return async () => {
    await waitUntil('nginx is killed', () => says('crashed'));
    await docker(engine, ['rm', '--force', name]);
  };
}
