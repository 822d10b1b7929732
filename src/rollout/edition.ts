import { createHash } from 'node:crypto';
import type { RoutingStructure } from '../routes/structure.ts';

/** A set of templates, identified by its key, and the structure to render: everything that nginx can refuse. */
export interface Edition {
  readonly key: string;
  readonly templates: string;
  readonly structure: RoutingStructure;
}

/** Reuses the known edition if it has the same templates and structure, to save hashing. */
export function editionFor(known: Edition | undefined, templates: string, structure: RoutingStructure): Edition {
  return known?.structure === structure && known.templates === templates ? known : editionOf(templates, structure);
}

/** Two editions with the same key render files that differ only in addresses. */
export function editionOf(templates: string, structure: RoutingStructure): Edition {
  const key = createHash('sha256')
    .update(JSON.stringify([templates, structure]))
    .digest('hex');
  return { key, templates, structure };
}
