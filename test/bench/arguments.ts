import { parseArgs } from 'node:util';
import { parts, type Part } from './figure.ts';

export interface BenchOptions {
  readonly quick: boolean;
  /** In the order in which they are measured. */
  readonly only: readonly Part[];
  /** The file for the JSON. Default: standard output. */
  readonly json?: string;
}

export const help = `npm run bench [-- --quick] [--only PART,…] [--json FILE] [--help]

Measures these contenders in turn, on a real Docker engine and a real nginx:

  meet-gen
  floor              a bare script that writes the file at the event and sends HUP
  floor that proves  the same, with the proof that nginx serves the file, as meet-gen promises
  peers' way         a bare script that inspects every container
  docker-gen         if it is on PATH or named by DOCKER_GEN

The part path loads nginx with wrk: with the hand-written file, with names that nginx resolves, with meet-gen's file,
and without a backend. The bench prints a table, the ratios with their targets, and JSON.

The part swarm measures a node's polls of a swarm, and the load of 50 nodes on a manager, which is a fake engine. The
parts faked, files and swarm need no Docker engine.

The bench uses the engine at DOCKER_HOST or /var/run/docker.sock, and leaves its other containers alone. Without one it
starts an engine (as root on Debian). At the end it removes all that it started. The whole bench takes more than an
hour; other work on the machine makes the figures worse.

  --quick       few rounds and places, to try the bench; the figures mean little
  --only PART   only these parts: ${parts.join(', ')} (a comma list)
  --json FILE   write the JSON there instead of printing it
  --help        print this help

Exit code: 0 everything was measured, also if a target is missed; 1 a measurement failed, 2 usage, 130 interrupted.
`;

/** @returns the options, or the reason why the arguments are refused */
export function readArguments(args: readonly string[]): BenchOptions | 'help' | { readonly refused: string } {
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
    if (unknown !== undefined) return { refused: `--only: unknown part "${unknown}". The parts are ${parts.join(', ')}` };
    return {
      quick: values.quick ?? false,
      only: parts.filter((part) => names.includes(part)),
      ...(values.json === undefined ? {} : { json: values.json }),
    };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}
