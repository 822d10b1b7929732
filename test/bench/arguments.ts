import { parseArgs } from 'node:util';
import { parts, type Part } from './figure.ts';

export interface Wish {
  readonly quick: boolean;
  /** In the order in which they are measured. */
  readonly only: readonly Part[];
  /** Where the JSON goes; standard output otherwise. */
  readonly json?: string;
}

export const help = `npm run bench [-- --quick] [--only PART,…] [--json FILE] [--help]

Measures meet-gen, the floor (a bare script that at the event writes the file and sends HUP), the floor that proves (the
same, which then makes sure that nginx serves it, as meet-gen promises to) and the peers' way (a bare script that inspects
every container) in turn, on a real Docker engine and a real nginx; and docker-gen too where it is on PATH or named by
DOCKER_GEN. The part path loads nginx with wrk: with the hand-written file, with names that nginx resolves, with meet-gen's
file, and with nothing behind it. It prints a table, the ratios with their targets, and JSON.

The engine is the one found at DOCKER_HOST or /var/run/docker.sock (as a guest), else one of the tests' own (as root on
Debian). Whatever is started is taken away at the end. Leave the machine alone meanwhile: all of it takes more than an hour.

  --quick       few rounds and places, to try it; its figures mean little
  --only PART   only these parts: ${parts.join(', ')} (a comma list)
  --json FILE   write the JSON there instead of printing it
  --help        this

Exit code: 0 everything was measured, whether the targets are held or not; 1 something could not be measured, 2 usage,
130 interrupted.
`;

/** What the user wants, or a sentence that says why the arguments can't be used. */
export function readArguments(args: readonly string[]): Wish | 'help' | { readonly refused: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return 'help';
    const names = values.only?.split(',').map((name) => name.trim()) ?? parts;
    const unknown = names.find((name) => !parts.some((part) => part === name));
    if (unknown !== undefined) return { refused: `--only knows no part "${unknown}": it takes ${parts.join(', ')}` };
    return {
      quick: values.quick ?? false,
      only: parts.filter((part) => names.includes(part)),
      ...(values.json === undefined ? {} : { json: values.json }),
    };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}
