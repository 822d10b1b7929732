import type { Container, Note } from './container.ts';
import { readMember } from './member.ts';
import type { Member } from './member.ts';
import type { Problem } from './problem.ts';

/** The instance read from its members, with the problems found. */
interface Reading<Instance> {
  readonly instance: Instance;
  readonly problems: readonly Problem[];
}

/**
 * The cache of earlier readings, by object identity. The same container gives the same member, and an instance with the
 * same members and notes gives the same reading. So reading costs time for changes alone.
 */
export interface Readings<Instance> {
  member(container: Container): ReturnType<typeof readMember>;
  /**
   * @param owner the facts that decide the instance's owner
   * @param members in any order that stays the same without a change
   * @param noteFor absent if there are no notes about any member
   * @param read gets the earlier reading, which no longer applies
   */
  instance(
    name: string,
    owner: string,
    members: readonly Member[],
    noteFor: ((container: Container) => Note) | undefined,
    read: (before: Instance | undefined) => Reading<Instance>,
  ): Reading<Instance>;
  /** Forgets all instances but these. */
  retain(names: ReadonlySet<string>): void;
}

interface CachedReading<Instance> {
  readonly members: readonly Member[];
  /** The facts about the owner, and the notes about the members. */
  readonly notes: string;
  readonly reading: Reading<Instance>;
}

export function createReadings<Instance>(): Readings<Instance> {
  const members = new WeakMap<Container, ReturnType<typeof readMember>>();
  const instances = new Map<string, CachedReading<Instance>>();
  return {
    member(container) {
      const known = members.get(container) ?? readMember(container);
      members.set(container, known);
      return known;
    },
    instance(name, owner, present, noteFor, read) {
      const notes = owner + (noteFor === undefined ? '' : notesOf(present, noteFor));
      const known = instances.get(name);
      if (known !== undefined && known.notes === notes && areSame(known.members, present)) return known.reading;
      const reading = read(known?.reading.instance);
      instances.set(name, { members: present, notes, reading });
      return reading;
    },
    retain(names) {
      for (const name of instances.keys()) if (!names.has(name)) instances.delete(name);
    },
  };
}

function notesOf(members: readonly Member[], noteFor: (container: Container) => Note): string {
  const notes = members.flatMap(({ container }, index) => {
    const note = noteFor(container);
    return Object.keys(note).length === 0 ? [] : [[index, note]];
  });
  return notes.length === 0 ? '' : JSON.stringify(notes);
}

function areSame(left: readonly Member[], right: readonly Member[]): boolean {
  return left.length === right.length && left.every((member, index) => member === right[index]);
}
