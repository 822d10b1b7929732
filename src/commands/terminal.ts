import { CommanderError } from 'commander';
import { showUntrustedLines, showUntrustedText } from '../model/untrusted-text.ts';
import { OptionsError } from '../options.ts';
import { TemplateError } from '../render/template-error.ts';
import { ComposeError } from '../source/compose/compose-error.ts';
import { EngineError } from '../source/engine-error.ts';
import type { DrainReport } from './drain.ts';
import type { RenderReport } from './render.ts';

export const exitCodes = { ok: 0, bug: 1, usage: 2, engine: 3, template: 4, problems: 7 } as const;

const maxLineLength = 4000;

/** The last guard before a terminal: prints one line of plain text. */
export function say(line: string): void {
  process.stderr.write(`meet-gen: ${showUntrustedText(line, maxLineLength)}\n`);
}

/** Prints the sidecar's answer or failure, and sets the exit code. */
export function printAnswer<Answer extends { readonly output: string }>(
  report: Answer | { readonly failure: string },
  isWell: (answer: Answer) => boolean,
): void {
  if ('failure' in report) {
    say(report.failure);
    process.exitCode = exitCodes.engine;
    return;
  }
  process.stdout.write(report.output);
  if (!isWell(report)) process.exitCode = exitCodes.problems;
}

/** On a terminal, replaces the text before (ECMA-48: erase the display, cursor home). */
export function redraw(text: string): void {
  process.stdout.write(process.stdout.isTTY ? `\u001B[2J\u001B[H${text}` : text);
}

export function printDrain({ lines, done }: DrainReport): void {
  if (done) process.stdout.write(lines.map((line) => `${showUntrustedText(line, maxLineLength)}\n`).join(''));
  else for (const line of lines) say(line);
  if (!done) process.exitCode = exitCodes.problems;
}

export function printReport({ output, messages, problemsFound }: RenderReport): void {
  process.stdout.write(output);
  for (const message of messages) say(message);
  if (problemsFound) process.exitCode = exitCodes.problems;
}

/** Prints a line for each error; only a bug shows its stack. @returns the exit code */
export function explainFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof OptionsError) {
    for (const line of error.lines) say(line);
    return exitCodes.usage;
  }
  if (error instanceof EngineError) {
    say(`${error.message}; ${error.cure}`);
    return exitCodes.engine;
  }
  if (error instanceof TemplateError) {
    say(`template ${error.message}`);
    return exitCodes.template;
  }
  if (error instanceof ComposeError) {
    say(error.message);
    return exitCodes.usage;
  }
  sayBug(error);
  return exitCodes.bug;
}

export function sayBug(error: unknown): void {
  const [first = '', ...stack] = showUntrustedLines(error instanceof Error ? (error.stack ?? error.message) : String(error));
  say(`this is a bug in meet-gen, please report it (docs/contributing.md): ${first}`);
  process.stderr.write(stack.map((line) => `${line}\n`).join(''));
}

/**
 * Ignores a reader that closes early (`meet-gen render | head`). Reports any other failure to write, such as a full
 * disk.
 */
export function reportOutputErrors(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    say(`the output could not be written: ${error.message}`);
    process.exitCode = exitCodes.bug;
  });
}
