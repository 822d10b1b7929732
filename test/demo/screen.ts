import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** The terminal, or the file or pipe that stands in for one: then no colours, and no line is ever written over. */
export interface Screen {
  /** A line of its own; without text an empty one. */
  line(text?: string): void;
  /** What is under way; on a terminal the next line takes its place, elsewhere it isn't shown at all. */
  passing(text: string): void;
  /** Takes the passing line away. */
  clear(): void;
  paint(format: Format, text: string): string;
}

const clearLine = '\r\u001B[2K';

export function createScreen(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Screen {
  const terminal = out.isTTY;
  const coloured = terminal && (env['NO_COLOR'] ?? '') === '';
  let overwrite = false;
  const paint = (format: Format, text: string): string => (coloured ? styleText(format, text) : text);
  return {
    line(text = '') {
      out.write(`${overwrite ? clearLine : ''}${text}\n`);
      overwrite = false;
    },
    passing(text) {
      if (!terminal) return;
      out.write(`${overwrite ? clearLine : ''}${paint('dim', text.slice(0, (out.columns || 80) - 1))}`);
      overwrite = true;
    },
    clear() {
      if (overwrite) out.write(clearLine);
      overwrite = false;
    },
    paint,
  };
}
