/** A text that is served, and of which kind it is. */
export interface Document {
  readonly contentType: string;
  readonly text: string;
}
