/** A text to refuse, and the better one. */
interface Example {
  readonly now: string;
  readonly better: string;
}

/** The examples that the rules were made for. */
export const examples: readonly Example[] = [
  {
    now: 'One that is gone has a name no more, one that has just come had none.',
    better: 'A removed container has no name in the list; a new one had none before it.',
  },
  { now: 'Whoever takes no requests is missed by nobody.', better: 'A replica outside the rotation can leave without a reload.' },
  { now: 'told to look at everything afresh', better: 'resync requested (SIGHUP)' },
  {
    now: 'What is wrong with who answers in an instance, and what that was judged by',
    better: 'Rotation problems of an instance, and the plan that they were derived from',
  },
  { now: 'served after 50 ms, by nothing else after 200 ms', better: 'live in 50 ms; old workers gone after 200 ms' },
  { now: 'Take back what tests were made to bear that was never seen to happen', better: 'Remove unneeded tolerances from tests' },
];

/** Sentences to keep. */
export const kept: readonly string[] = [
  'Events say look again, never what is.',
  'An unknown world is not an empty world.',
  'Prometheus takes a counter that begins at 1 for one that has not grown.',
];
