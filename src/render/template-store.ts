import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { watch } from 'chokidar';
import type { RoutingView } from '../routes/routing-view.ts';
import type { Rendered } from './generation.ts';
import { compileTemplates, mainTemplate, TemplateError } from './template.ts';
import type { RenderRouting, TemplateFiles } from './template.ts';

/** The templates of a directory: the newest that work, and what is wrong with the newest if they don't. */
export interface TemplateStore {
  /** Reads the directory again; a text that is broken is remembered as such, the last good one stays in use. */
  reload(): Promise<void>;
  /**
   * Renders with the newest templates, or with the last good ones where those fail.
   * @throws TemplateError when nothing good has ever been there
   */
  render(view: RoutingView): Rendered;
  /** Why the newest templates are not in use, as of the last rendering. */
  failure(): TemplateError | undefined;
  /** Calls back whenever something changes in the directory; ends with the signal. */
  watch(onChange: () => void, signal: AbortSignal): void;
}

export function createTemplateStore(directory: string): TemplateStore {
  let text: string | undefined;
  let newest: RenderRouting | undefined;
  let lastGood: RenderRouting | undefined;
  let readFailure: TemplateError | undefined;
  let compileFailure: TemplateError | undefined;
  let renderFailure: TemplateError | undefined;

  const compile = (files: TemplateFiles): void => {
    newest = undefined;
    compileFailure = undefined;
    renderFailure = undefined;
    try {
      newest = compileTemplates(files);
    } catch (error) {
      compileFailure = asTemplateError(error, directory);
    }
  };
  return {
    async reload() {
      try {
        const files = await readTemplates(directory);
        readFailure = undefined;
        const read = JSON.stringify([...files]);
        if (read !== text) compile(files);
        text = read;
      } catch (error) {
        readFailure = asTemplateError(error, directory);
      }
    },
    render(view) {
      if (newest !== undefined) {
        try {
          const rendered = newest(view);
          lastGood = newest;
          renderFailure = undefined;
          return rendered;
        } catch (error) {
          renderFailure = asTemplateError(error, directory);
        }
      }
      if (lastGood !== undefined) return lastGood(view);
      throw readFailure ?? compileFailure ?? renderFailure ?? new TemplateError(mainTemplate, undefined, 'no template has been read yet');
    },
    failure: () => readFailure ?? compileFailure ?? renderFailure,
    watch(onChange, signal) {
      const watcher = watch(directory, { ignoreInitial: true, depth: 0 });
      watcher.on('all', onChange);
      // A watch that can't be had costs only time: the resync reads the directory too.
      watcher.on('error', onChange);
      signal.addEventListener('abort', () => void watcher.close(), { once: true });
    },
  };
}

/**
 * Reads all `*.eta` files of a directory.
 * @throws TemplateError when the directory or its main template can't be read
 */
export async function readTemplates(directory: string): Promise<TemplateFiles> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new TemplateError(directory, undefined, "the template directory can't be read", cause);
  });
  const templates = names.filter((name) => name.endsWith('.eta')).toSorted();
  if (!templates.includes(mainTemplate))
    throw new TemplateError(
      join(directory, mainTemplate),
      undefined,
      'there is no such file; copy the shipped template there, or leave --templates out',
    );
  return new Map(await Promise.all(templates.map(async (name) => [name, await readFile(join(directory, name), 'utf8')] as const)));
}

function asTemplateError(error: unknown, directory: string): TemplateError {
  if (error instanceof TemplateError) return error;
  return new TemplateError(directory, undefined, error instanceof Error ? error.message : String(error), error);
}
