import { askedFirst } from '../status/headline.ts';
import type { InstanceFacts } from './facts.ts';
import type { OwnedPick } from './owner.ts';

/**
 * The notes that limit an explanation: frontends that don't serve the published file, and differences between the
 * published file and the labels.
 * @param wanted the location that labels ask for, if it differs
 */
export function notesOn({ instance, status }: InstanceFacts, wanted: OwnedPick | undefined): readonly string[] {
  const { publishedGeneration, desiredGeneration, onTrial = false } = status;
  if (publishedGeneration === undefined) return onTrial ? [`no file is published yet, ${askedFirst}`] : [];
  const running = new Set(
    instance.frontends.flatMap(({ container, standing }, index) =>
      standing.rank === 'never' || container.isElsewhere === true ? [] : [index],
    ),
  );
  const behind = status.frontends.filter((frontend, index) => running.has(index) && frontend.runningGeneration !== publishedGeneration);
  return [
    ...behind.map(({ container, runningGeneration, phase }) => {
      const serves = runningGeneration === undefined ? 'its generation is unknown' : `it serves ${nameGeneration(runningGeneration)}`;
      return `${container} does not serve the published generation ${publishedGeneration} yet (${phase ?? 'not asked yet'}): ${serves}`;
    }),
    ...(wanted === undefined
      ? []
      : [
          `labels want the path for ${wanted.owner ?? 'the SPA'}, but that is not published${onTrial ? ' yet' : '; a problem gives the reason'}`,
        ]),
    ...(desiredGeneration === undefined || desiredGeneration === publishedGeneration
      ? []
      : [
          `the published generation is ${publishedGeneration}, while labels and templates ask for ${desiredGeneration}${onTrial ? `, ${askedFirst}` : ': nginx refused it, or has not tested it yet'}`,
        ]),
  ];
}

function nameGeneration(generation: string): string {
  return generation === 'none' ? 'no routes' : `the generation ${generation}`;
}
