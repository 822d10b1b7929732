/** The tests need a program or an engine that can't be had here. The first line says what is missing, the second how to get it. */
export class NotProvided extends Error {
  override readonly name = 'NotProvided';

  constructor(lack: string, remedy: string, options?: ErrorOptions) {
    super(`${lack}\n${remedy}`, options);
    // Nothing in the code is wrong: a stack trace would only hide the two lines.
    this.stack = this.message;
  }
}
