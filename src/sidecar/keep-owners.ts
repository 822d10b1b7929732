import type { Instance } from '../model/instance.ts';
import { isWrittenProject } from '../nginx/token.ts';
import type { Log } from '../util/log.ts';

/** Remembers across restarts to which compose project each instance belongs. */
export interface Owners {
  /** Projects by instance. Later owners are added to this map. */
  readonly remembered: ReadonlyMap<string, string>;
  /** Instances whose file could not be read: their owner is unknown. */
  readonly unread: ReadonlySet<string>;
  /** Remembers the owners of these instances. */
  note(instances: readonly Instance[]): void;
  /**
   * Writes the files of the instances noted last again where they were changed or removed, and retries unread files.
   * @returns whether an unread file could be read
   */
  restore(): Promise<boolean>;
}

const format = 1;

/** The files that owners are kept in, one for each instance. */
export interface OwnerFiles {
  /** Resolves to undefined where there is no file; rejects where it can't be read. */
  read(instance: string): Promise<string | undefined>;
  /** Writes later, without waiting. */
  save(instance: string, text: string): void;
}

/** Keeps each owner in a file beside the instance's published file. */
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

/** Returns undefined when the text isn't in the format that meet-gen writes. */
function parseOwner(text: string): string | undefined {
  try {
    const { format: found, project } = (JSON.parse(text) ?? {}) as { readonly format?: unknown; readonly project?: unknown };
    return found === format && typeof project === 'string' && isWrittenProject(project) ? project : undefined;
  } catch {
    return undefined;
  }
}
