import type { Logger } from 'pino';
import type { Options } from '../options.ts';
import { createTrials } from '../rollout/trials.ts';
import type { Trials } from '../rollout/trials.ts';
import type { Records } from './records.ts';
import type { SidecarParts } from './parts.ts';

const cause = 'what nginx said';
const keepingPart = 'keeping what nginx said';

/** Creates the trials of the running sidecar. @param look asks for a pass, with its reason in words */
export function createSidecarTrials(
  { check, trialFiles, boundary }: Pick<SidecarParts, 'check' | 'trialFiles' | 'boundary'>,
  records: Records,
  options: Options,
  log: Logger,
  look: (why: string) => void,
  signal: AbortSignal,
): Trials {
  return createTrials(
    {
      ...(check === undefined ? {} : { check: (instance, rendered, frontends) => check(instance, rendered, frontends, signal) }),
      onLearnt: () => look(cause),
      guard: (part, work) => boundary.guard(part, work, () => look(cause)),
      onCheckDenied(reason) {
        log.info({ reason }, 'the frontends can not be asked to test a file before it is published; a reload tells what they say to it');
      },
      onCheckFailed(instance, reason, again) {
        if (again) log.debug({ instance, reason }, 'the frontends gave no verdict on a file; they are asked again');
        else
          log.info(
            { instance, reason },
            'the frontends gave no verdict on a file, so it is not tested; a reload tells what they say to it',
          );
      },
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
