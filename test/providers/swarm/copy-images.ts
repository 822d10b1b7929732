import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { docker, type Engine } from '../engine/docker-command.ts';

type Client = Pick<Engine, 'dockerCli' | 'env'>;

/**
 * Copies the images that an engine lacks, and removes its others. The images are read once and loaded at the same time.
 * An engine keeps them between runs, so usually only the image of meet-gen is new.
 */
export async function copyImages(from: Client, to: readonly Client[], names: readonly string[]): Promise<void> {
  const wanted = await idsOf(from, names);
  const lacks = await Promise.all(to.map((engine) => lackOf(engine, wanted)));
  const missing = [...new Set(lacks.flat())];
  if (missing.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'mg-images-'));
  try {
    const file = join(folder, 'images.tar');
    await docker(from, ['save', '--output', file, ...missing]);
    await Promise.all(to.filter((_, index) => lacks[index]?.length !== 0).map((engine) => load(engine, file)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function lackOf(engine: Client, wanted: ReadonlyMap<string, string>): Promise<string[]> {
  const present = await idsOf(engine);
  const needless = [...present.keys()].filter((name) => !wanted.has(name));
  if (needless.length > 0) await docker(engine, ['image', 'rm', ...needless]);
  return [...wanted].filter(([name, id]) => present.get(name) !== id).map(([name]) => name);
}

async function idsOf(engine: Client, names?: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const listed = await docker(engine, ['image', 'ls', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}']);
  const pairs = listed
    .split('\n')
    .filter((line) => line !== '')
    .map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']);
  return new Map(pairs.filter(([name]) => names === undefined || names.includes(name)));
}

function load(engine: Client, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const loader = spawn(engine.dockerCli, ['load', '--quiet'], {
      env: { ...process.env, ...engine.env },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    loader.on('error', reject);
    loader.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`\`docker load\` ended with code ${code}`))));
    loader.stdin.on('error', () => undefined);
    createReadStream(file).pipe(loader.stdin);
  });
}
