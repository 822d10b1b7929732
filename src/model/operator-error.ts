/** A request of an operator that can't be fulfilled. The message is for the operator; the error is no bug. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}
