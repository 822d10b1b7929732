import { OptionsError } from '../options.ts';
import type { Options } from '../options.ts';
import type { Source, SourcePorts } from '../source/source.ts';
import { messageOf } from '../util/error-message.ts';

/** Opens the source of `--source`. @throws OptionsError when one of its options can't be used */
export async function openSource(options: Options, ports: SourcePorts): Promise<Source> {
  return options.source.open(options, ports).catch((error: unknown) => {
    throw new OptionsError([messageOf(error)]);
  });
}
