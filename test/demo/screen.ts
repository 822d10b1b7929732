import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** The terminal, or a file or pipe in its place, which gets no colours and no overwritten lines. */
export interface Screen {
  /** Prints a line; without text an empty line. */
  line(text?: string): void;
  /** Shows a running action on a terminal only. The next line overwrites it. */
  passing(text: string): void;
  /** Clears the passing line. */
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
