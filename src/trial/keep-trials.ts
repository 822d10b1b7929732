import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { compileSet } from '../render/template-store.ts';
import { fillStructure } from '../routes/structure.ts';
import type { RoutingStructure } from '../routes/structure.ts';
import { editionOf } from './edition.ts';
import type { KeptTrials, TrialPorts } from './trial-types.ts';

/** Of another format nothing is taken over: it only costs a test more. */
const format = 2;

/** What is kept of trials. */
export type Diary = Pick<TrialPorts, 'keep' | 'keepRejected' | 'rejectedPath'>;

/** The names of the files, beside an instance's published one; nginx's `include *.conf` sees none of them. */
type TrialFile = '.editions.json' | '.rejected.conf' | '.rejected.txt';

interface KeptText {
  readonly format: number;
  readonly good?: { readonly templates: readonly (readonly [file: string, text: string])[]; readonly structure: RoutingStructure };
  readonly refused: KeptTrials['refused'];
  readonly settledFor?: string;
  readonly lives: string;
}

function writeKept({ good, ...others }: KeptTrials): string {
  const text: KeptText = {
    format,
    ...(good === undefined ? {} : { good: { templates: [...good.templates.files], structure: good.edition.structure } }),
    ...others,
  };
  return `${JSON.stringify(text)}\n`;
}

/**
 * Keeps in files what was good and what was refused. One that can't be written costs only that, and is told of.
 * @param write puts a text into a file
 */
export function keepTrials(
  pathOf: (instance: string, name: TrialFile) => string,
  write: (path: string, text: string) => Promise<unknown>,
  log: Logger,
): Diary {
  let saving: Promise<unknown> = Promise.resolve();
  const save = (path: string, text: string): void => {
    saving = saving.then(() => write(path, text)).catch((error: unknown) => log.warn({ err: error }, 'what nginx said could not be kept'));
  };
  return {
    keep: (instance, kept) => save(pathOf(instance, '.editions.json'), writeKept(kept)),
    rejectedPath: (instance) => pathOf(instance, '.rejected.conf'),
    keepRejected(instance, content, words) {
      save(pathOf(instance, '.rejected.conf'), content);
      save(pathOf(instance, '.rejected.txt'), `nginx refused .rejected.conf beside this file:\n\n${words.split('; ').join('\n')}\n`);
    },
  };
}

/** What an earlier process kept; undefined when there is nothing that can be used, which is told of. */
export async function readKept(path: string, log: Logger): Promise<KeptTrials | undefined> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as KeptText;
    if (kept.format !== format) return undefined;
    const { good, refused, lives, settledFor } = kept;
    return {
      ...(good === undefined ? {} : { good: revive(good) }),
      refused: [...refused],
      ...(settledFor === undefined ? {} : { settledFor }),
      lives,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error }, 'what was good last could not be read; it is learnt anew');
    return undefined;
  }
}

/** @throws Error when it can't be rendered, so that it is no help later on */
function revive({ templates: texts, structure }: NonNullable<KeptText['good']>): NonNullable<KeptTrials['good']> {
  const templates = compileSet(new Map(texts));
  templates.render(fillStructure(structure, { upstreams: new Map(), spaBackups: [], statusSubnets: [] }));
  return { templates, edition: editionOf(templates.key, structure) };
}
