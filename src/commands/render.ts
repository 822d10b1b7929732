import { stat } from 'node:fs/promises';
import { createErrorBoundary } from '../util/error-boundary.ts';
import { nowMs } from '../util/clock.ts';
import { ComposeError } from '../source/compose/compose-error.ts';
import { readCompose } from '../source/compose/compose-source.ts';
import type { ComposeWorld } from '../source/compose/compose-source.ts';
import { readProject } from '../source/compose/resolved-project.ts';
import { maxProjectBytes, runCompose } from '../source/compose/run-compose.ts';
import type { ComposeOutput } from '../source/compose/run-compose.ts';
import { createEngineClient } from '../source/docker/client.ts';
import { readLimited } from '../source/docker/limited-read.ts';
import type { Container, Note } from '../model/container.ts';
import { showUntrustedLines } from '../model/untrusted-text.ts';
import { problemLine } from '../model/print-problem.ts';
import { openSource } from './open-source.ts';
import { OptionsError } from '../options.ts';
import type { Options } from '../options.ts';
import { createPassMemory } from '../loop/pass-memory.ts';
import { runPass, withoutTrials } from '../loop/pass.ts';
import type { PassResult, Sink } from '../loop/pass.ts';
import { publishedPath } from '../publish/out-directory.ts';
import { readSmallFile } from '../publish/read-small-file.ts';
import { askGeneration } from '../reload/generation-probe.ts';
import { askAsVisitor } from '../reload/visitor-probe.ts';
import { createImageVersions } from '../reload/image-versions.ts';
import { createProver } from '../reload/prover.ts';
import { createTemplateStore } from '../render/template-store.ts';
import { serviceTitle } from '../routes/ownership.ts';
import { shippedTemplates } from '../render/shipped-templates.ts';
import { unifiedDiff } from '../util/text-diff.ts';
import { messageOf } from '../util/error-message.ts';
import { silentLog } from '../util/log.ts';

export interface RenderReport {
  readonly output: string;
  /** Lines for people, on stderr. */
  readonly messages: readonly string[];
  readonly problemsFound: boolean;
}

/** meet-gen publishes no file of this size. */
const maxDiffedBytes = 16 * 2 ** 20;
/** Enough for Compose to fetch the files that `include` names. */
const composeLimitMs = 60_000;
/** Containers of an engine need no placeholders. */
const noPlaceholders = { legend: [], problems: [] };

/** A single pass has no events, no probes and no drains. */
const noNotes: ReadonlyMap<string, Note> = new Map();

/**
 * Prints the result of one pass, without writing a file or sending a signal.
 * @throws TemplateError when the template fails
 */
export async function renderFromEngine(options: Options, asDiff: boolean, signal: AbortSignal): Promise<RenderReport> {
  const engine = createEngineClient(options.dockerHost);
  const boundary = createErrorBoundary(silentLog, nowMs);
  const prover = createProver(
    {
      ask: askGeneration,
      visit: askAsVisitor,
      findRival: () => Promise.resolve(undefined),
      nowMs,
      repeat: boundary.repeat,
    },
    createImageVersions([], () => undefined),
    () => undefined,
    { reloadedBy: 'operator', inquire: false, verifyTimeoutMs: options.verifyTimeoutMs },
    () => undefined,
  );
  try {
    const source = await openSource(options, { engine, countCall: () => undefined });
    // Asks frontends for their nginx version like the sidecar, so that both render the same file.
    const containers = await source.list(signal);
    return await reportOf(await renderOnce(containers, prover, options, signal), noPlaceholders, options, asDiff);
  } finally {
    prover.stop();
  }
}

/**
 * Prints the result of one pass for a compose project, without an engine: placeholder addresses stand for containers.
 * @param file the file that Compose resolves, or `-` for JSON on standard input; undefined lets Compose pick the file
 */
export async function renderFromCompose(
  file: string | undefined,
  options: Options,
  asDiff: boolean,
  signal: AbortSignal,
): Promise<RenderReport> {
  const { project, warnings } = file === '-' ? await readInput() : await runCompose(file, composeLimitMs, signal);
  const rendered = await renderProject(project, options, asDiff, signal);
  return { ...rendered, messages: [...showUntrustedLines(warnings).map((line) => `docker compose: ${line}`), ...rendered.messages] };
}

/** Prints the result of one pass for the JSON of `docker compose config --format json`. */
export async function renderProject(project: Buffer, options: Options, asDiff: boolean, signal: AbortSignal): Promise<RenderReport> {
  const world = readCompose(readProject(project));
  const oldest = { versions: (_: string, frontends: readonly unknown[]) => Promise.resolve(frontends.map(() => undefined)) };
  return reportOf(withoutRepeatedProblems(await renderOnce(world.containers, oldest, options, signal)), world, options, asDiff);
}

/**
 * Drops `nobody-in-rotation` for services with containers: all containers of a project count as running, so another
 * error explains the empty rotation. The problem stays for a service without replicas.
 */
function withoutRepeatedProblems(result: PassResult): PassResult {
  const present = new Set(result.instances.flatMap(({ services }) => services.map(serviceTitle)));
  return { ...result, problems: result.problems.filter(({ code, value = '' }) => code !== 'nobody-in-rotation' || !present.has(value)) };
}

async function reportOf(
  result: PassResult,
  world: Pick<ComposeWorld, 'legend' | 'problems'>,
  options: Options,
  asDiff: boolean,
): Promise<RenderReport> {
  const full = report(result, world, options.instance);
  if (!asDiff) return full;
  const output = await differences(result, options);
  return { ...full, output, messages: output === '' ? [...full.messages, 'nothing would change'] : full.messages };
}

async function renderOnce(
  containers: readonly Container[],
  asker: Pick<Sink, 'versions'>,
  options: Options,
  signal: AbortSignal,
): Promise<PassResult> {
  const templates = createTemplateStore(options.templates ?? shippedTemplates());
  await templates.begin(true);
  const result = await runPass(
    { containers, notes: noNotes },
    withoutTrials(templates),
    { versions: asker.versions, publish: () => Promise.resolve('unchanged'), withdraw: () => Promise.resolve() },
    { only: options.instance, strict: options.strictInstance, given: options.project },
    createPassMemory(),
    signal,
  );
  const failure = templates.failure();
  if (failure !== undefined) throw failure;
  return result;
}

async function readInput(): Promise<ComposeOutput> {
  try {
    return { project: await readLimited(process.stdin, maxProjectBytes), warnings: '' };
  } catch (cause) {
    throw new ComposeError(`standard input can't be read: ${messageOf(cause)}`, { cause });
  }
}

/**
 * The difference between the published files and the rendered ones.
 * @throws OptionsError when the directory of `--out` can't be read
 */
async function differences(result: PassResult, { out, instance }: Options): Promise<string> {
  const place = await stat(out).catch((error: NodeJS.ErrnoException) => error);
  if (place instanceof Error) throw new OptionsError([`--out: ${out} can't be read (${place.code ?? place.message})`]);
  const pathOf = (name: string): string => (place.isFile() ? out : publishedPath({ kind: 'directory', path: out, only: instance }, name));
  const diffs = result.passes.map(async ({ instance: { name }, rendered }) => {
    const path = pathOf(name);
    const published = (await readSmallFile(path, maxDiffedBytes).catch(() => undefined)) ?? '';
    return unifiedDiff([path, `${path} (rendered now)`], published, rendered.content);
  });
  return (await Promise.all(diffs)).join('');
}

function report(result: PassResult, world: Pick<ComposeWorld, 'legend' | 'problems'>, only: string | undefined): RenderReport {
  const legend = world.legend.map((line) => `# ${line}\n`).join('');
  const several = only === undefined && result.passes.length > 1;
  const files = result.passes.map((pass) =>
    several ? `# ${pass.instance.name}/routing.conf\n${pass.rendered.content}` : pass.rendered.content,
  );
  const problems = [...world.problems, ...result.problems];
  const messages = problems.map(problemLine);
  if (result.passes.length === 0) messages.push('nothing to render: no container with meet.role=frontend was found');
  return {
    output: legend + files.join('\n'),
    messages,
    problemsFound: result.passes.length === 0 || problems.some((item) => item.severity !== 'notice'),
  };
}
