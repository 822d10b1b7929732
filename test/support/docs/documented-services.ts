import { asComposeFile, readYaml } from './check-compose.ts';
import { documentedBlock } from './pages.ts';

type Service = Readonly<Record<string, unknown>>;

/**
 * The services of a compose snippet, for a test that starts them.
 * @param rename puts in what is called otherwise where the test starts them
 */
export function documentedServices(
  page: string,
  name: string,
  rename: (text: string) => string = (text) => text,
): Readonly<Record<string, Service>> {
  const file = asComposeFile(readYaml(rename(documentedBlock(page, name))));
  if (file === undefined) throw new Error(`${page}, "${name}" is no part of a compose file`);
  return (file['services'] ?? {}) as Readonly<Record<string, Service>>;
}
