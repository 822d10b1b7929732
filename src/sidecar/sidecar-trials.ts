import type { Options } from '../options.ts';
import { createTrials } from '../rollout/trials.ts';
import type { Trials } from '../rollout/trials.ts';
import type { Log } from '../util/log.ts';
import type { Records } from './records.ts';
import type { SidecarParts } from './parts.ts';

const cause = 'what nginx said';
const keepingPart = 'keeping what nginx said';

/** Creates the trials of the running sidecar. @param look asks for a pass, with its reason in words */
export function createSidecarTrials(
  { check, trialFiles, boundary }: Pick<SidecarParts, 'check' | 'trialFiles' | 'boundary'>,
  records: Records,
  options: Options,
  log: Log,
  look: (why: string) => void,
  signal: AbortSignal,
): Trials {
  return createTrials(
    {
      ...(check === undefined ? {} : { check: (instance, rendered, frontends) => check(instance, rendered, frontends, signal) }),
      onLearnt: () => look(cause),
      guard: (part, work) => boundary.guard(part, work, () => look(cause)),
      onCheckDenied: (reason) => log.write('testsUnavailable', { reason }),
      onCheckFailed: (instance, reason, again) => log.write(again ? 'testRetried' : 'testSkipped', { instance, reason }),
      rejectedPath: trialFiles.rejectedPath,
      keep: boundary.guard(keepingPart, trialFiles.keep),
      keepRejected: boundary.guard(keepingPart, trialFiles.keepRejected),
    },
    {
      strict: options.check === 'exec',
      trustsTemplates: options.templates === undefined,
      unwatched: options.reload.reloadedBy === 'operator',
    },
    { of: (instance) => records.of(instance).trial, all: () => records.all().map(({ trial }) => trial) },
  );
}
