import { recordOf } from '../docker/json-fields.ts';

/** An object in the managers' store. Each change of the object raises its version (swarmkit, Meta.Version). */
export interface SwarmObject {
  readonly id: string;
  readonly version: number;
}

/** More tasks than a manager can handle in practice. */
const maxObjects = 10_000;
/** Ids are only compared. The managers' ids have 25 characters. */
const maxIdLength = 64;

/**
 * Reads a list of objects. If all are unchanged, the result is `known` itself.
 * @param what the objects, for messages
 * @param read reads the other fields of an entry
 * @throws Error when the answer isn't a list, or an entry has no id or version
 */
export function readObjects<Item extends SwarmObject>(
  what: string,
  answer: unknown,
  known: ReadonlyMap<string, Item>,
  read: (entry: Readonly<Record<string, unknown>>, base: SwarmObject) => Item,
): ReadonlyMap<string, Item> {
  if (!Array.isArray(answer)) throw new Error(`the list of ${what} is not a list`);
  if (answer.length > maxObjects) throw new Error(`the list has ${answer.length} ${what}, more than ${maxObjects}`);
  let isSame = answer.length === known.size;
  const objects = new Map<string, Item>();
  for (const element of answer as readonly unknown[]) {
    const entry = recordOf(element);
    const base = identityOf(what, entry);
    const before = known.get(base.id);
    const item = before?.version === base.version ? before : read(entry, base);
    isSame &&= item === before;
    objects.set(base.id, item);
  }
  return isSame && objects.size === known.size ? known : objects;
}

function identityOf(what: string, entry: Readonly<Record<string, unknown>>): SwarmObject {
  const { ID: id } = entry;
  const { Index: version } = recordOf(entry['Version']);
  if (typeof id !== 'string' || id === '' || id.length > maxIdLength) throw new Error(`one of the ${what} has no usable id`);
  if (typeof version !== 'number' || !Number.isSafeInteger(version)) throw new Error(`one of the ${what} has no version`);
  return { id, version };
}
