import { Eta } from 'eta';
import { htmlText } from './html-text.ts';
import type { PageView } from './view.ts';

const templates = ['page', 'problem', 'meet', 'service', 'container', 'changes'] as const;

/** Reads one of the texts of the page. */
export type ReadPageText = (name: string) => string;

/**
 * Compiles the page's templates.
 * @returns how to make the whole document from what it shows; every value that is printed in it is text, never markup
 */
export function createPageRenderer(read: ReadPageText): (view: PageView) => string {
  const eta = new Eta({ cache: true, escapeFunction: htmlText });
  // Names with an @ are looked up among the loaded templates, never on disk.
  for (const name of templates) eta.loadTemplate(`@${name}`, read(`${name}.eta`));
  return (view) => eta.render('@page', view);
}
