/** How much of an answer is read, and what becomes of a larger one. */
export interface AnswerLimit {
  readonly answer: string;
  readonly maxBytes: number;
  /** What a larger one leads to. */
  readonly beyond: string;
}

const kib = 1024;
const mib = 1024 ** 2;
const fails = 'the call fails, and changes nothing';

/**
 * How much is read of what the engine answers; `docs/configuration.md` is generated from this table. A container as compose makes it
 * takes 2.3 KB of the list, so that 10,000 of them take 23 MB, and 64 MiB leave each of them 4 KB of further labels.
 */
export const answerLimits = {
  list: { answer: 'a list of containers', maxBytes: 64 * mib, beyond: fails },
  json: { answer: 'an inspected container, the networks, the processes of a container', maxBytes: 4 * mib, beyond: fails },
  files: { answer: 'the files of a folder in a container', maxBytes: 4 * mib, beyond: fails },
  short: { answer: 'any other answer: `/_ping`, a signal, the beginning and the end of a command', maxBytes: 64 * kib, beyond: fails },
  refusal: { answer: 'what an answer says that is no success', maxBytes: 64 * kib, beyond: 'its words are left out' },
  output: {
    answer: 'what a command in a container writes',
    maxBytes: 64 * kib,
    beyond: 'the rest is dropped; after 16 MiB the call fails',
  },
  log: { answer: 'the last 5,000 lines of a log', maxBytes: 4 * mib, beyond: 'the rest is left out' },
  event: {
    answer: 'an event, one line of the stream',
    maxBytes: mib,
    beyond: 'the event is skipped; the next look at everything shows what it was about',
  },
  line: {
    answer: 'a line of the stream that does not end',
    maxBytes: 64 * mib,
    beyond: 'the stream is closed, reported, and opened again with growing pauses',
  },
} as const satisfies Record<string, AnswerLimit>;

/** A command that writes more than this is not waited for. */
export const maxDroppedBytes = 16 * mib;

/**
 * How many objects, lists and commas outside of texts a JSON answer may have. The 10,000 containers above have 0.8 million; 64 MiB of
 * nothing but brackets would take gigabytes, and hold everything up for ten seconds.
 */
export const maxJsonParts = 2_000_000;

/** How many containers a list may have. */
export const maxListed = 50_000;
