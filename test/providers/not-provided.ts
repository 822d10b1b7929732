/**
 * A program or an engine that the tests need is missing. The first line names the missing part, the second the way to
 * get it.
 */
export class NotProvided extends Error {
  override readonly name = 'NotProvided';

  constructor(lack: string, remedy: string, options?: ErrorOptions) {
    super(`${lack}\n${remedy}`, options);
    // The code isn't wrong: a stack trace would only hide the two lines.
    this.stack = this.message;
  }
}
