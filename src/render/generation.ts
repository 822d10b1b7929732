import { createHash } from 'node:crypto';

/** Stands for the generation while the content that it is the hash of is rendered; no label's grammar allows the brackets. */
const placeholder = '[meet-gen:generation]';

/** A rendered file and its generation: the hash of its content, 16 hex digits. */
export interface Rendered {
  readonly content: string;
  readonly generation: string;
}

/**
 * Renders with a generation that is the hash of everything else: the same input gives the same bytes.
 * @throws Error when the template doesn't print `it.generation`, since a reload could then never be proven
 */
export function renderWithGeneration(render: (generation: string) => string): Rendered {
  const draft = render(placeholder);
  if (!draft.includes(placeholder))
    throw new Error(
      'the template does not print it.generation, so it could never be proven that nginx serves it; copy the /generation location from the shipped template',
    );
  const generation = createHash('sha256').update(draft).digest('hex').slice(0, 16);
  return { content: draft.replaceAll(placeholder, generation), generation };
}
