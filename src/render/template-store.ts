/*
 * render/: a view goes in. The file and its generation come out; every printed value passes the vocabulary of nginx/.
 */

import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { watch } from 'chokidar';
import type { RoutingView } from '../routes/view.ts';
import type { Rendered } from './generation.ts';
import { TemplateError } from './template-error.ts';
import { compileTemplates, mainTemplate } from './template.ts';
import type { RenderRouting, TemplateFiles } from './template.ts';
import { messageOf } from '../util/error-message.ts';

/** A compiled set of templates. */
export interface TemplateSet {
  /** The hash of all its texts. */
  readonly key: string;
  readonly render: RenderRouting;
}

/** A rendered file with its templates. */
interface RenderedWith extends Rendered {
  readonly templates: TemplateSet;
}

/** The templates of a directory: the newest usable ones, and the error of newer ones. */
export interface TemplateStore {
  /**
   * Begins a pass and clears the render failures of the pass before.
   * @param reads read the directory again; a broken text is remembered, and the last good templates stay in use
   */
  begin(reads: boolean): Promise<void>;
  /**
   * Renders with the newest templates, or with the last good templates if these fail.
   * @throws TemplateError if all fail for this view
   */
  render(view: RoutingView): RenderedWith;
  /** The reason why the newest templates are not in use, for all instances or one rendered in this pass. */
  failure(): TemplateError | undefined;
  /** Calls back at each change in the directory, until the signal aborts. */
  watch(onChange: () => void, signal: AbortSignal): void;
}

/** A template can render one view and fail for the next, so several good ones are kept. */
const keptTemplates = 4;

/** A file counts as written once its size is stable for this time: editors are slow on a busy host. */
export const editSettlesMs = 200;

/** The state of a store. */
interface Templates {
  readonly directory: string;
  /** The texts read last. */
  text?: string;
  newest?: TemplateSet | undefined;
  /** Sets that have rendered, latest first. */
  good: readonly TemplateSet[];
  readFailure?: TemplateError | undefined;
  compileFailure?: TemplateError | undefined;
  /** In this pass. */
  renderFailure?: TemplateError | undefined;
}

export function createTemplateStore(directory: string): TemplateStore {
  const templates: Templates = { directory, good: [] };
  return {
    begin: (reads) => begin(templates, reads),
    render: (view) => renderWithAny(templates, view),
    failure: () => failureOf(templates),
    watch: (onChange, signal) => watchDirectory(directory, onChange, signal),
  };
}

async function begin(templates: Templates, reads: boolean): Promise<void> {
  templates.renderFailure = undefined;
  if (!reads) return;
  try {
    const files = await readTemplates(templates.directory);
    templates.readFailure = undefined;
    const read = JSON.stringify([...files]);
    if (read !== templates.text) compile(templates, files);
    templates.text = read;
  } catch (error) {
    templates.readFailure = asTemplateError(error, templates.directory);
  }
}

function compile(templates: Templates, files: TemplateFiles): void {
  templates.newest = undefined;
  templates.compileFailure = undefined;
  try {
    templates.newest = compileSet(files);
  } catch (error) {
    templates.compileFailure = asTemplateError(error, templates.directory);
  }
}

function renderWithAny(templates: Templates, view: RoutingView): RenderedWith {
  const { newest, good } = templates;
  for (const one of new Set([...(newest === undefined ? [] : [newest]), ...good])) {
    const rendered = tryRender(templates, one, view);
    if (rendered !== undefined) return rendered;
  }
  throw failureOf(templates) ?? new TemplateError(mainTemplate, undefined, 'no template has been read yet');
}

function tryRender(templates: Templates, one: TemplateSet, view: RoutingView): RenderedWith | undefined {
  try {
    const rendered = one.render(view);
    templates.good = [one, ...templates.good.filter((other) => other !== one)].slice(0, keptTemplates);
    return { ...rendered, templates: one };
  } catch (error) {
    if (one === templates.newest) templates.renderFailure = asTemplateError(error, templates.directory);
    return undefined;
  }
}

function failureOf({ readFailure, compileFailure, renderFailure }: Templates): TemplateError | undefined {
  return readFailure ?? compileFailure ?? renderFailure;
}

function watchDirectory(directory: string, onChange: () => void, signal: AbortSignal): void {
  // Many editors empty a file before they write it; reading too early would report a broken template.
  const awaitWriteFinish = { stabilityThreshold: editSettlesMs, pollInterval: 50 };
  const watcher = watch(directory, { ignoreInitial: true, depth: 0, awaitWriteFinish });
  watcher.on('all', onChange);
  // A failed watch costs only time: each resync reads the directory too.
  watcher.on('error', onChange);
  signal.addEventListener('abort', () => void watcher.close().catch(() => undefined), { once: true });
}

/**
 * Compiles the texts of a directory.
 * @throws TemplateError for the first file whose syntax is wrong
 */
export function compileSet(files: TemplateFiles): TemplateSet {
  const key = createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('hex')
    .slice(0, 16);
  return { key, render: cached(compileTemplates(files)) };
}

/** Caches the result per view object. */
function cached(render: RenderRouting): RenderRouting {
  const known = new WeakMap<RoutingView, Rendered>();
  return (view) => {
    const rendered = known.get(view) ?? render(view);
    known.set(view, rendered);
    return rendered;
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
  return new TemplateError(directory, undefined, messageOf(error), error);
}
