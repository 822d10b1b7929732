import type { Logger } from 'pino';
import type { Instance } from './model/instance.ts';
import { isWrittenProject } from './model/nginx-token.ts';

/** Which compose project each instance belongs to, over restarts. */
export interface Owners {
  /** Projects by instance; what is remembered later is in it, too. */
  readonly remembered: ReadonlyMap<string, string>;
  /** Remembers the owners of these, whose files could be published. */
  note(instances: readonly Instance[]): void;
  /** Writes the files of those that were noted last again, where somebody has changed or removed them. */
  restore(): void;
}

const format = 1;

/**
 * Keeps owners, each in a file beside what is published for its instance.
 * @param kept what an earlier process remembered
 * @param save puts a text into the file of an instance, in its own time
 */
export function keepOwners(kept: ReadonlyMap<string, string>, save: (instance: string, text: string) => void): Owners {
  const remembered = new Map(kept);
  let noted: readonly Instance[] = [];
  const write = (name: string, project: string): void => save(name, `${JSON.stringify({ format, project })}\n`);
  return {
    remembered,
    note(instances) {
      noted = instances;
      for (const { name, project } of instances) {
        if (project === undefined || remembered.get(name) === project) continue;
        remembered.set(name, project);
        write(name, project);
      }
    },
    restore() {
      for (const { name, project } of noted) if (project !== undefined) write(name, project);
    },
  };
}

/**
 * The project that an earlier process remembered for an instance; undefined when there is nothing that can be used, which is reported.
 * @param text what stands in the file; rejects where that can't be read
 */
export async function readOwner(text: Promise<string | undefined>, instance: string, log: Logger): Promise<string | undefined> {
  try {
    const kept = await text;
    return kept === undefined ? undefined : parseOwner(kept);
  } catch (error) {
    log.warn({ err: error, instance }, 'which compose project owns the instance could not be read; it is decided again');
    return undefined;
  }
}

/** @throws Error when it isn't as it was written */
function parseOwner(text: string): string {
  const { format: found, project } = (JSON.parse(text) ?? {}) as { readonly format?: unknown; readonly project?: unknown };
  if (found !== format || typeof project !== 'string' || !isWrittenProject(project)) throw new Error('it names no compose project');
  return project;
}
