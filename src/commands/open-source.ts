import { OptionsError } from '../options.ts';
import type { Options } from '../options.ts';
import type { Source, SourcePorts } from '../source/source.ts';
import { messageOf } from '../util/error-message.ts';

/** Opens the source of `--source`. @throws OptionsError when one of its options can't be used */
export async function openSource(options: Options, ports: SourcePorts): Promise<Source> {
  const { source } = options;
  const opened = await source.open(options, ports).catch((error: unknown) => {
    throw new OptionsError([messageOf(error)]);
  });
  return { ...opened, place: source.place(options) };
}
