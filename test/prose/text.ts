/** Sources of texts; some rules apply to some kinds only. */
export type Kind = 'heading' | 'markdown' | 'comment' | 'message' | 'test name';

/** A text for people, extracted from a file. A placeholder replaces code and quotations. */
export interface Text {
  readonly kind: Kind;
  readonly content: string;
  /** For each character of `content` its offset in the file. */
  readonly offsets: readonly number[];
}

/** Replaces code, quotations and the values of `${…}`. */
export const placeholder = 'codeword';

/** Collects the characters of one text. */
export class TextBuilder {
  #content = '';
  readonly #offsets: number[] = [];

  /** Adds adjacent characters of the file, from `offset` on. */
  add(characters: string, offset: number): void {
    this.#content += characters;
    for (let index = 0; index < characters.length; index++) this.#offsets.push(offset + index);
  }

  /** Adds characters that replace the file's text at `offset`. */
  addFixed(characters: string, offset: number): void {
    this.#content += characters;
    for (let index = 0; index < characters.length; index++) this.#offsets.push(offset);
  }

  build(kind: Kind): Text {
    return withoutQuotations({ kind, content: this.#content, offsets: this.#offsets });
  }
}

// Code in backticks, links of TSDoc, quotations.
const quotation = /`[^`]+`|\{@link [^}]+\}|"[^"\n]+"|“[^”]+”|(?<=^|[\s(])'[^'\n]+'(?=$|[\s).,:;])/gu;

function withoutQuotations({ kind, content, offsets }: Text): Text {
  let result = '';
  const kept: number[] = [];
  let end = 0;
  for (const match of content.matchAll(quotation)) {
    result += content.slice(end, match.index) + placeholder;
    kept.push(...offsets.slice(end, match.index), ...Array.from(placeholder, () => offsets[match.index] ?? 0));
    end = match.index + match[0].length;
  }
  return { kind, content: result + content.slice(end), offsets: [...kept, ...offsets.slice(end)] };
}
