import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage, whyNoPackages } from '../debian/debian-packages.ts';
import { withLock } from '../engine/engine-lock.ts';
import { cacheDirectory } from '../engine/places.ts';
import { findProgram } from '../find-program.ts';

/** The programs' paths. */
export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * Finds Prometheus and promtool on the PATH, or unpacks Debian's into the cache (as root on Debian, once; nothing is installed).
 * @throws Error that says how to get them
 */
export async function findPrometheus(): Promise<PrometheusPrograms> {
  const prometheus = findProgram(['prometheus']);
  const promtool = findProgram(['promtool']);
  if (prometheus !== undefined && promtool !== undefined) return { prometheus, promtool };
  const obstacle = whyNoPackages();
  if (obstacle !== undefined)
    throw new Error(
      `There is no prometheus and promtool on the PATH, and the tests can't unpack Debian's: ${obstacle}. ` +
        'Install Prometheus 2.42 or later, or run the tests as root on Debian.',
    );
  const cache = cacheDirectory();
  mkdirSync(cache, { recursive: true });
  const root = await withLock(join(cache, 'prometheus.lock'), () => unpackPackage(cache, 'prometheus'));
  const unpacked = { prometheus: join(root, 'usr/bin/prometheus'), promtool: join(root, 'usr/bin/promtool') };
  if (!existsSync(unpacked.prometheus)) throw new Error(`Debian's package prometheus has no ${unpacked.prometheus}`);
  return unpacked;
}
