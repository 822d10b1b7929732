import { Script } from 'node:vm';
import { Eta, EtaError } from 'eta';
import { nginxToken } from '../nginx/token.ts';
import type { RoutingView } from '../routes/view.ts';
import { renderWithGeneration } from './generation.ts';
import type { Rendered } from './generation.ts';
import { TemplateError } from './template-error.ts';
import { messageOf } from '../util/error-message.ts';

/** The template that is rendered; it can include others in its directory. */
export const mainTemplate = 'routing.conf.eta';

/** The text of every template of a directory, by file name. */
export type TemplateFiles = ReadonlyMap<string, string>;

/** Renders a view into the content of the file. */
export type RenderRouting = (view: RoutingView) => Rendered;

/**
 * Compiles a set of templates. Every printed value passes the nginx vocabulary; a missing value is an error.
 * @throws TemplateError for the first file with a syntax error; the returned function throws it when rendering fails
 */
export function compileTemplates(files: TemplateFiles): RenderRouting {
  const eta = new Eta({ autoTrim: false, cache: true, debug: true, escapeFunction: nginxToken });
  for (const [file, text] of files) {
    checkSyntax(eta, file, text);
    // Eta looks up names with an @ among the loaded templates, never on disk.
    eta.loadTemplate(`@${file}`, text);
    eta.loadTemplate(`@${file.replace(/\.eta$/, '')}`, text);
  }
  return (view) => {
    try {
      return renderWithGeneration((generation) => eta.render(`@${mainTemplate}`, { ...view, generation }));
    } catch (error) {
      throw asTemplateError(error);
    }
  };
}

function checkSyntax(eta: Eta, file: string, text: string): void {
  try {
    const body = eta.compileToString(text);
    parseScript(body, file);
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    const [summary = '', ...rest] = messageOf(error).split('\n');
    const place = /^(.*) at line (\d+) col \d+:?$/.exec(summary);
    throw new TemplateError(
      file,
      place?.[2] === undefined ? undefined : Number(place[2]),
      place?.[1] ?? [summary, ...rest].join(' '),
      error,
    );
  }
}

/** Eta gives no line for a syntax error in the JavaScript between its tags; the line marks in its compiled text do. */
function parseScript(body: string, file: string): void {
  try {
    void new Script(`(function(it, options) {\n${body}\n})`, { filename: file });
  } catch (error) {
    const scriptLine = Number(/:(\d+)\n/.exec(error instanceof Error ? (error.stack ?? '') : '')?.[1]);
    const before = body.split('\n').slice(0, Number.isNaN(scriptLine) ? 0 : scriptLine - 1);
    const mark = before.flatMap((line) => /^__eta\.line=(\d+)$/.exec(line)?.[1] ?? []).at(-1);
    throw new TemplateError(file, mark === undefined ? undefined : Number(mark), messageOf(error), error);
  }
}

/** Eta reports a failed rendering as "FILE line N", some lines of context, and the reason last. */
function asTemplateError(error: unknown): TemplateError {
  const text = messageOf(error);
  const place = /^(?:@?(\S*) )?line (\d+)\n/.exec(text);
  const reason = text.split('\n').findLast((line) => line.trim() !== '') ?? text;
  const cause = error instanceof EtaError && error.cause !== undefined ? error.cause : error;
  return new TemplateError(
    place?.[1] === undefined || place[1] === '' ? mainTemplate : place[1],
    place?.[2] === undefined ? undefined : Number(place[2]),
    reason,
    cause,
  );
}
