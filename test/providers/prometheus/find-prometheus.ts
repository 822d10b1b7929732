import { join } from 'node:path';
import { readOsRelease, unpackObstacle } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { findProgram } from '../find-program.ts';
import { NotProvided } from '../not-provided.ts';

/** The programs' paths. */
export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Finds Prometheus and promtool on the PATH, or unpacks Debian's into the cache once (as root on Debian), without an
 * installation.
 * @throws NotProvided if there is no Prometheus
 */
export async function findPrometheus(): Promise<PrometheusPrograms> {
  const prometheus = findProgram(['prometheus']);
  const promtool = findProgram(['promtool']);
  if (prometheus !== undefined && promtool !== undefined) return { prometheus, promtool };
  const obstacle = unpackObstacle();
  if (obstacle !== undefined) {
    throw new NotProvided(
      `There is no prometheus and promtool on the PATH, and the tests can't unpack Debian's: ${obstacle}.`,
      'Install Prometheus 2.42 or later, or run the tests as root on Debian.',
    );
  }
  const name = `prometheus-${readOsRelease().codename}`;
  const root = await unpackOnce({ name, title: 'Prometheus', packages: ['prometheus'], proof: 'usr/bin/prometheus' }, log);
  return { prometheus: join(root, 'usr/bin/prometheus'), promtool: join(root, 'usr/bin/promtool') };
}
