/** The words for a source of containers. */
interface SourceWords {
  /** The word for the source in the status. */
  readonly name: string;
  /** The same, at the beginning of a line of the page. */
  readonly title: string;
  readonly isLost: string;
  /** The kind of project that owns an instance. */
  readonly owner: string;
}

const engineWords: SourceWords = {
  name: 'engine',
  title: 'Docker engine',
  isLost: "the engine can't be reached",
  owner: 'compose project',
};

const swarmWords: SourceWords = {
  name: 'managers',
  title: 'Swarm managers',
  isLost: 'no manager gives a current view',
  owner: 'stack',
};

/** The words for a value of `--source`; without one, those of an engine. */
export function sourceWords(source: string | undefined): SourceWords {
  return source === 'swarm' ? swarmWords : engineWords;
}
