/** Where a text stands: a rule may hold for some of these alone. */
export type Kind = 'markdown' | 'comment' | 'message' | 'test name';

/** A text that a person reads, cut out of a file, with code and quotations replaced by a noun. */
export interface Text {
  readonly kind: Kind;
  readonly content: string;
  /** For each character of `content` its offset in the file. */
  readonly offsets: readonly number[];
}

/** Stands for code, a quotation, or the value of `${…}`. */
export const placeholder = 'codeword';

/** Collects the characters of one text. */
export class TextBuilder {
  #content = '';
  readonly #offsets: number[] = [];

  /** Adds characters that stand in the file one after the other, from `offset` on. */
  add(characters: string, offset: number): void {
    this.#content += characters;
    for (let index = 0; index < characters.length; index++) this.#offsets.push(offset + index);
  }

  /** Adds characters that stand for what the file has at `offset`. */
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
