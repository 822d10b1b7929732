/** A served text and its content type. */
export interface Document {
  readonly contentType: string;
  readonly text: string;
}
