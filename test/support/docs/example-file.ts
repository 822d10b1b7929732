import { parse } from 'yaml';
import { readPage } from './pages.ts';

/** A compose file as data. */
export type ComposeFile = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** compose.example.yml as data. */
export function exampleFile(): ComposeFile {
  return parse(readPage('compose.example.yml'), { merge: true }) as ComposeFile;
}

/** The names of its services. */
export function exampleServices(): readonly string[] {
  return Object.keys(exampleFile()['services'] ?? {});
}
