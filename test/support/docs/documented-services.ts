import { asComposeFile, readYaml } from './check-compose.ts';
import { documentedBlock } from './pages.ts';

type Service = Readonly<Record<string, unknown>>;

/**
 * The services of a compose snippet, for a test that starts them.
 * @param rename replaces names that differ in the test
 */
export function documentedServices(
  page: string,
  name: string,
  rename: (text: string) => string = (text) => text,
): Readonly<Record<string, Service>> {
  const file = asComposeFile(readYaml(rename(documentedBlock(page, name))));
  if (file === undefined) throw new Error(`${page}, "${name}" is not a part of a compose file`);
  return (file['services'] ?? {}) as Readonly<Record<string, Service>>;
}
