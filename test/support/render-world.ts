import type { Observation } from '../../src/model/container.ts';
import type { Instance } from '../../src/model/instance.ts';
import type { InstanceChoice } from '../../src/model/read-instances.ts';
import type { Problem } from '../../src/model/problem.ts';
import { createPassMemory } from '../../src/loop/pass-memory.ts';
import { runPass, withoutTrials } from '../../src/loop/pass.ts';
import { createTemplateStore } from '../../src/render/template-store.ts';
import { parseNginxVersion } from '../../src/nginx/version.ts';
import { shippedTemplates } from '../../src/render/shipped-templates.ts';

/** The results of one pass over an observation: the file of each instance, and the problems. */
export interface RenderedWorld {
  readonly files: ReadonlyMap<string, string>;
  readonly generations: ReadonlyMap<string, string>;
  readonly instances: readonly Instance[];
  readonly problems: readonly Problem[];
}

const templates = createTemplateStore(shippedTemplates());

/**
 * Runs the real pass with the shipped template.
 * @param nginx the version of all frontends, or a function from a frontend's name; `unknown` for an unknown version
 */
export async function renderWorld(
  observation: Observation,
  nginx: string | ((frontend: string) => string) = '1.30.3',
  choice: InstanceChoice = {},
): Promise<RenderedWorld> {
  const versionOf = typeof nginx === 'string' ? () => nginx : nginx;
  const files = new Map<string, string>();
  const generations = new Map<string, string>();
  await templates.begin(true);
  const result = await runPass(
    observation,
    withoutTrials(templates),
    {
      versions: (_instance, frontends) => Promise.resolve(frontends.map(({ name }) => parseNginxVersion(versionOf(name)))),
      withdraw: () => Promise.resolve(),
      publish: (instance, { rendered }) => {
        files.set(instance, rendered.content);
        generations.set(instance, rendered.generation);
        return Promise.resolve('written');
      },
    },
    choice,
    createPassMemory(),
    new AbortController().signal,
  );
  return { files, generations, instances: result.instances, problems: result.problems };
}
