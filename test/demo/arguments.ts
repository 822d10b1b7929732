import { parseArgs } from 'node:util';

export type Wish = 'play' | 'keep' | 'down' | 'help';

export const help = `npm run demo [-- --keep | --down | --help]

Plays meet-gen's story on a real Docker engine: the one found at DOCKER_HOST or /var/run/docker.sock (as a guest:
names, ports and networks of its own), else one of the tests' own (as root on Debian). An outer nginx, two frontends,
backends and meet-gen from the Dockerfile come up by docker compose; twelve things happen to them; each is proven by
requests through the outer nginx, while others run all the time and every failed one counts.

  --keep   leave it running at the end, and tell where it is
  --down   take away what --keep left
  --help   this

Exit code: 0 every proof held, 1 one did not (it says which), 2 usage, 130 interrupted. In any case it cleans up.
`;

/** What the user wants, or a sentence that says why the arguments can't be used. */
export function readArguments(args: readonly string[]): Wish | { readonly refused: string } {
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
