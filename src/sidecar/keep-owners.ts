import type { Instance } from '../model/instance.ts';
import { isWrittenProject } from '../nginx/token.ts';
import type { Log } from '../util/log.ts';

/** Which compose project each instance belongs to, over restarts. */
export interface Owners {
  /** Projects by instance; what is remembered later is in it, too. */
  readonly remembered: ReadonlyMap<string, string>;
  /** Whose file could not be read: somebody may be remembered there. */
  readonly unread: ReadonlySet<string>;
  /** Remembers the owners of these, whose files could be published. */
  note(instances: readonly Instance[]): void;
  /**
   * Writes the files of those that were noted last again, where somebody has changed or removed them, and reads what could not be read.
   * @returns whether something of that could be
   */
  restore(): Promise<boolean>;
}

const format = 1;

/** The file of each instance that its owner is kept in. */
export interface OwnerFiles {
  /** Undefined where there is none; rejects where it can't be read. */
  read(instance: string): Promise<string | undefined>;
  /** In its own time. */
  save(instance: string, text: string): void;
}

/** Keeps owners, each in a file beside what is published for its instance. */
export async function keepOwners(instances: readonly string[], { read, save }: OwnerFiles, log: Log): Promise<Owners> {
  const remembered = new Map<string, string>();
  const unread = new Set<string>();
  let noted: readonly Instance[] = [];
  const write = (name: string, project: string): void => save(name, `${JSON.stringify({ format, project })}\n`);
  const load = async (instance: string): Promise<void> => {
    try {
      const text = await read(instance);
      unread.delete(instance);
      if (text === undefined) return;
      const project = parseOwner(text);
      if (project === undefined) log.write('ownerInvalid', { instance });
      else remembered.set(instance, project);
    } catch (error) {
      if (!unread.has(instance)) log.write('ownerUnreadable', { err: error, instance });
      unread.add(instance);
    }
  };
  await Promise.all(instances.map(load));
  return {
    remembered,
    unread,
    note(present) {
      noted = present;
      for (const { name, project } of present) {
        if (project === undefined || remembered.get(name) === project) continue;
        remembered.set(name, project);
        unread.delete(name);
        write(name, project);
      }
    },
    async restore() {
      for (const { name, project } of noted) if (project !== undefined) write(name, project);
      const before = unread.size;
      await Promise.all([...unread].map(load));
      return unread.size < before;
    },
  };
}

/** Undefined when it isn't as it was written. */
function parseOwner(text: string): string | undefined {
  try {
    const { format: found, project } = (JSON.parse(text) ?? {}) as { readonly format?: unknown; readonly project?: unknown };
    return found === format && typeof project === 'string' && isWrittenProject(project) ? project : undefined;
  } catch {
    return undefined;
  }
}
