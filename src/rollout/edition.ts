import { createHash } from 'node:crypto';
import type { RoutingStructure } from '../routes/structure.ts';

/** What nginx can refuse: a set of templates, named by its key, and a structure that is rendered with it. */
export interface Edition {
  readonly key: string;
  readonly templates: string;
  readonly structure: RoutingStructure;
}

/** The edition of these, which is the one known when it is of the very same ones. */
export function editionFor(known: Edition | undefined, templates: string, structure: RoutingStructure): Edition {
  return known?.structure === structure && known.templates === templates ? known : editionOf(templates, structure);
}

/** Two editions with the same key render the same file, but for addresses. */
export function editionOf(templates: string, structure: RoutingStructure): Edition {
  const key = createHash('sha256')
    .update(JSON.stringify([templates, structure]))
    .digest('hex');
  return { key, templates, structure };
}
