import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { runCommand } from '../built-command.ts';
import type { Scene } from '../fake-engine/scene.ts';
import { waitUntil } from '../wait-until.ts';
import type { HostileAnswer } from './answers.ts';
import { calls } from './calls.ts';
import type { CallStage } from './calls.ts';

/** The most memory for a small Meet, for any answer of the engine. The usual use is about 100 MB. */
const mostResidentMiB = 500;

const looksPerNudge = 50;

/**
 * Gives a sidecar one bad answer after the other to one of its calls. The sidecar must stay alive, and keep the
 * published file while the world is unknown. A problem must show the cause and the cure, and end after a good answer.
 */
export async function checkAnswers(scene: Scene, callName: string, answers: readonly HostileAnswer[]): Promise<void> {
  const call = calls[callName];
  if (call === undefined) throw new Error(`there is no call ${callName}`);
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('backend-2', 21);
  scene.engine.runsCommands = callName.startsWith('a command');
  const run = scene.run(call.flags ?? []);
  await scene.serves(`${scene.address(21)}:8000`);
  for (const [round, answer] of answers.entries()) {
    const stage: CallStage = { scene, nginx, run, round };
    const what = `${callName}, answered with ${answer.name}`;
    const before = await scene.fileIdentity();
    const fault = scene.engine.faults.add({ ...call.which, do: 'raw', send: answer.send });
    await call.provoke(stage);
    let looks = 0;
    await waitUntil(`${what}: the call is made`, () => {
      if (run.hasEnded()) fail(what, run.stderr());
      looks += 1;
      if (looks % looksPerNudge === 0) call.nudge?.(stage);
      return fault.hits() > 0;
    });
    const code = call.problem(answer);
    if (code !== undefined) {
      const found = await waitUntil(
        `${what}: the problem ${code} is reported`,
        async () => (await scene.status()).problems.find((one) => one.code === code),
        undefined,
        () => run.stderr(),
      );
      expect(found.message.length, what).toBeGreaterThan(20);
      expect(found.message.length + found.cure.length, what).toBeLessThan(2500);
      expect(found.cure.length, what).toBeGreaterThan(20);
    }
    if (call.keepsFile) expect(await scene.fileIdentity(), what).toBe(before);
    fault.lift();
    await call.recovers(stage);
    if (code !== undefined)
      await waitUntil(`${what}: the problem has ended`, async () => (await scene.status()).problems.every((one) => one.code !== code));
    expect(run.hasEnded(), `${what}: ${run.stderr()}`).toBe(false);
  }
  await scene.converged();
  expect(run.stderr()).not.toContain('is a bug');
  expect(peakResidentMiB(run.pid)).toBeLessThan(mostResidentMiB);
}

/** With bad answers, the doctor must report failures and list the unchecked parts. */
export async function checkDoctor(scene: Scene, which: 'all' | 'all but the list', answer: HostileAnswer): Promise<void> {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const path = which === 'all' ? /./ : /^\/(networks|exec|containers\/[^/]+\/)/;
  for (const method of ['GET', 'POST'] as const) scene.engine.faults.add({ method, path, do: 'raw', send: answer.send });
  const { code, stdout, stderr } = await runCommand(['doctor', '--json', '--docker-host', scene.engine.host]);
  expect(stderr).toBe('');
  expect(code).toBe(7);
  const report = JSON.parse(stdout) as {
    readonly notChecked: readonly unknown[];
    readonly findings: readonly { readonly check: string }[];
  };
  expect(report.notChecked).not.toEqual([]);
  if (which === 'all') expect(report.findings).toMatchObject([{ check: 'engine' }]);
}

function fail(what: string, log: string): never {
  throw new Error(`${what}: the command has ended\n${log}`);
}

/** The peak memory of a process (proc_pid_status(5), VmHWM). */
function peakResidentMiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
