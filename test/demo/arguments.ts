import { parseArgs } from 'node:util';

export type DemoAction = 'play' | 'keep' | 'down' | 'help';

export const help = `npm run demo [-- --keep | --down | --help]

Shows meet-gen on a real Docker engine: the engine at DOCKER_HOST or /var/run/docker.sock, with separate names, ports
and networks. Without one it starts an engine (as root on Debian). docker compose starts an outer nginx, two frontends,
backends, and meet-gen from the Dockerfile. Then come changes, one step after the other. Requests through the outer
nginx prove the result of each step. Other requests run all the time; a single failed one makes the demo fail.

  --keep   leave the demo running at the end, and print its addresses
  --down   remove a demo that --keep left
  --help   print this help

Exit code: 0 every proof held, 1 a proof failed (the demo prints it), 2 usage, 130 interrupted. Without --keep
the demo always cleans up.
`;

/** @returns the action, or the reason why the arguments are refused */
export function readArguments(args: readonly string[]): DemoAction | { readonly refused: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { keep: { type: 'boolean' }, down: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) return 'help';
    if (values.keep === true && values.down === true) return { refused: '--keep and --down are opposites: give one of them' };
    if (values.down === true) return 'down';
    return values.keep === true ? 'keep' : 'play';
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}
