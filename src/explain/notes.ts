import { askedFirst } from '../status/headline.ts';
import type { InstanceFacts } from './facts.ts';
import type { OwnedPick } from './owner.ts';

/**
 * What keeps an explanation from being the whole truth: frontends that don't serve the published file, and a published file
 * that isn't what labels ask for.
 * @param wanted where labels want the path, if that is elsewhere
 */
export function notesOn({ instance, status }: InstanceFacts, wanted: OwnedPick | undefined): readonly string[] {
  const { publishedGeneration, desiredGeneration, onTrial = false } = status;
  if (publishedGeneration === undefined) return onTrial ? [`nothing is published yet, ${askedFirst}`] : [];
  const running = new Set(instance.frontends.flatMap(({ standing }, index) => (standing.rank === 'never' ? [] : [index])));
  const behind = status.frontends.filter((frontend, index) => running.has(index) && frontend.runningGeneration !== publishedGeneration);
  return [
    ...behind.map(({ container, runningGeneration, phase }) => {
      const serves = runningGeneration === undefined ? 'it serves an unknown file' : `it serves ${nameGeneration(runningGeneration)}`;
      return `${container} does not serve the published generation ${publishedGeneration} yet (${phase ?? 'not asked yet'}): ${serves}`;
    }),
    ...(wanted === undefined
      ? []
      : [`labels want the path for ${wanted.owner ?? 'the SPA'}, but that is not published${onTrial ? ' yet' : '; a problem says why'}`]),
    ...(desiredGeneration === undefined || desiredGeneration === publishedGeneration
      ? []
      : [
          `published is the generation ${publishedGeneration}, while labels and templates ask for ${desiredGeneration}${onTrial ? `, ${askedFirst}` : ': nginx refused that, or has not been asked about it yet'}`,
        ]),
  ];
}

function nameGeneration(generation: string): string {
  return generation === 'none' ? 'no routes at all' : `the generation ${generation}`;
}
