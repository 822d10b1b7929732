/** The limit for one kind of answer, and the effect of a larger answer. */
export interface AnswerLimit {
  readonly answer: string;
  readonly maxBytes: number;
  /** The effect of a larger answer. */
  readonly beyond: string;
}

const kib = 1024;
const mib = 1024 ** 2;
const fails = 'the call fails, and changes nothing';

/**
 * How much of each answer of the engine meet-gen reads; `docs/configuration.md` is generated from this table. A
 * container that compose made takes 2.3 KB of the list. So 10,000 take 23 MB, and 64 MiB leave each of them 4 KB for
 * more labels.
 */
export const answerLimits = {
  list: { answer: 'a list of containers, services or tasks', maxBytes: 64 * mib, beyond: fails },
  json: { answer: 'an inspected container, the networks, the processes of a container', maxBytes: 4 * mib, beyond: fails },
  files: { answer: 'the files of a folder in a container', maxBytes: 4 * mib, beyond: fails },
  short: { answer: 'any other answer: `/_ping`, a signal, the beginning and the end of a command', maxBytes: 64 * kib, beyond: fails },
  errorText: { answer: 'the text of an error', maxBytes: 64 * kib, beyond: 'the text is left out of the message' },
  output: {
    answer: 'the output of a command in a container',
    maxBytes: 64 * kib,
    beyond: 'the rest is dropped; after 16 MiB the call fails',
  },
  log: { answer: 'the last 5,000 lines of a log', maxBytes: 4 * mib, beyond: 'the rest is left out' },
  event: {
    answer: 'an event, one line of the stream',
    maxBytes: mib,
    beyond: 'the event is skipped; the next resync shows the change',
  },
  line: {
    answer: 'a line of the stream without an end',
    maxBytes: 64 * mib,
    beyond: 'the stream is closed, reported, and opened again with growing pauses',
  },
} as const satisfies Record<string, AnswerLimit>;

/** The call fails when a command has written more than this. */
export const maxDroppedBytes = 16 * mib;

/**
 * How many objects, lists and commas outside strings a JSON answer may have. The 10,000 containers above have 0.8
 * million. 64 MiB of brackets alone would take gigabytes of memory, and block the process for ten seconds.
 */
export const maxJsonParts = 2_000_000;

/** How many containers a list may have. */
export const maxListed = 50_000;
