/** What an operator asked for can't be done; the message is for them, and no bug. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}
