import { Eta } from 'eta';
import { htmlText } from './html-text.ts';
import type { PageView } from './view.ts';

// In: a snapshot. Out: HTML, from the templates in `templates/page/`.

const templates = ['page', 'problem', 'meet', 'service', 'container', 'changes'] as const;

/** Reads a file of the page. */
export type ReadPageText = (name: string) => string;

/**
 * Compiles the page's templates.
 * @returns a function: content of the page → HTML document. Each printed value is escaped as text
 */
export function createPageRenderer(read: ReadPageText): (view: PageView) => string {
  const eta = new Eta({ cache: true, escapeFunction: htmlText });
  // Names with an @ are loaded templates, never files.
  for (const name of templates) eta.loadTemplate(`@${name}`, read(`${name}.eta`));
  return (view) => eta.render('@page', view);
}
