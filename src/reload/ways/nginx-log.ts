import { refusalIn } from '../../nginx/refusals.ts';
import { LogRefused } from './way.ts';
import type { InquiryAnswer, ReadLog, ReloadWay, WayFrontend } from './way.ts';

/** nginx logs why it keeps the older configuration (nginx documentation, "Controlling nginx"). */
export async function refusalInLog(logs: ReadLog, frontend: WayFrontend, sinceMs: number, signal: AbortSignal): Promise<InquiryAnswer> {
  try {
    const words = refusalIn(await logs(frontend, sinceMs, signal));
    return words === undefined ? { kind: 'nothing' } : { kind: 'refused', words };
  } catch (error) {
    return error instanceof LogRefused ? { kind: 'unavailable', reason: error.message } : { kind: 'nothing' };
  }
}

/** The problem text after a reload without effect. */
export const pendingAfterReload: ReloadWay['pending'] = (served) => ({
  message: `the frontend still serves ${served}, although meet-gen made it reload`,
  cure: "read nginx's reason in the frontend's log (docker logs). If the log has no reason, make nginx the container's first process, so that it gets the signal",
});
