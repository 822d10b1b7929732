import { unpackObstacle } from '../debian/running-debian.ts';
import { findPrograms } from '../find-program.ts';
import { NotProvided } from '../not-provided.ts';
import { tryCommand } from '../run-command.ts';
import { unpackChromium } from './chromium-tree.ts';
import { chromiumNames, chromiumVariable, howToGetChromium } from './how-to-get-chromium.ts';

/**
 * Finds a Chromium: the program in MEETGEN_TEST_CHROMIUM, else a program on the PATH, else Debian's. Debian's is
 * unpacked into the cache (as root on Debian); no package is installed. Returns the program's path.
 * @param log called before each download
 * @throws NotProvided if there is no Chromium
 */
export async function findChromium(log: (line: string) => void): Promise<string> {
  const named = process.env[chromiumVariable];
  if (named !== undefined && named !== '') {
    const failure = await whyNotRunning(named);
    if (failure === undefined) return named;
    throw new NotProvided(`${chromiumVariable}=${named} does not run: ${failure}.`, howToGetChromium);
  }
  for (const program of findPrograms(chromiumNames)) {
    const failure = await whyNotRunning(program);
    if (failure === undefined) return program;
    // Ubuntu's chromium-browser, for example, is a script that only asks to install a snap.
    log(`${program} does not run, and is skipped: ${failure}`);
  }
  const obstacle = unpackObstacle();
  if (obstacle === undefined) return unpackChromium(log);
  throw new NotProvided(
    `There is no Chromium on the PATH, and the tests can't unpack Debian's: ${obstacle}.`,
    howToGetChromium.replace(/\.$/, ', or run the tests as root on Debian.'),
  );
}

async function whyNotRunning(program: string): Promise<string | undefined> {
  const { code, stderr } = await tryCommand(program, ['--version'], { timeoutMs: 60_000 });
  return code === 0 ? undefined : stderr.trim().split('\n').at(-1) || `exit code ${code}`;
}
