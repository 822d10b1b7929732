/** A request of an operator that can't be fulfilled. The message is for the operator. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}
