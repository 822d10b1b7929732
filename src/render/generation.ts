import { createHash } from 'node:crypto';

/** Replaces the generation in the content that gets hashed; no label's grammar allows the brackets. */
const placeholder = '[meet-gen:generation]';

export interface Rendered {
  readonly content: string;
  readonly generation: string;
}

/**
 * Renders with a generation that is the hash of all other content: the same input gives the same bytes.
 * @throws Error when the template doesn't print `it.generation`, since no reload could be proven
 */
export function renderWithGeneration(render: (generation: string) => string): Rendered {
  const draft = render(placeholder);
  if (!draft.includes(placeholder))
    throw new Error(
      'the template does not print it.generation, so meet-gen could never prove a reload; copy the /generation location from the shipped template',
    );
  const generation = createHash('sha256').update(draft).digest('hex').slice(0, 16);
  return { content: draft.replaceAll(placeholder, generation), generation };
}
