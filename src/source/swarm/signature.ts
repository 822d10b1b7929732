import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/*
 * Readers sign their answers, since any container on their network can answer under the same name. A question carries a
 * nonce, so an old answer can't be sent again. `meet-gen reader` and `meet-gen run` share the secret, a Docker secret.
 *
 * Request: GET /tasks, `Meet-Gen-Nonce: <32 hex digits>`, `If-None-Match: "<etag>"` if an earlier answer is known.
 *
 * Answer: 200 or 304, `Meet-Gen-Protocol: 1`, `ETag: "<etag>"`, `Meet-Gen-Signature: <64 hex digits>`. The signature
 * covers the hash of the body. A reader has one body for many nodes, so the body is hashed once.
 *
 * Events: the signature in the answer's head is that of an empty body without an ETag. Each line has a signature of its
 * number (from 0) and its JSON, a space, and the JSON.
 *
 * A question without a nonce gets Docker's own format, unsigned: for people with curl.
 */
export const nonceHeader = 'meet-gen-nonce';
export const signatureHeader = 'meet-gen-signature';
export const protocolHeader = 'meet-gen-protocol';
/** Raised when a neighbouring version couldn't read the answers. A new field raises nothing. */
export const protocolVersion = '1';
export const noncePattern = /^[0-9a-f]{32}$/;
/** A shorter secret can be guessed. */
export const minSecretBytes = 16;

/** The parts of an answer that its signature covers. */
export interface SignedAnswer {
  readonly path: string;
  readonly status: number;
  readonly etag: string;
  /** See `hashBody`. */
  readonly bodyHash: string;
}

/** The SHA-256 of a body, in hexadecimal. */
export function hashBody(body: string | Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The signature of an answer to the question with this nonce, in hexadecimal. */
export function signAnswer(secret: Buffer, nonce: string, { path, status, etag, bodyHash }: SignedAnswer): string {
  return hmac(secret, ['answer', protocolVersion, nonce, path, String(status), etag, bodyHash]);
}

/** The signature of one line of the event stream that this nonce opened. @param index counts the lines from 0 */
export function signEvent(secret: Buffer, nonce: string, index: number, json: string): string {
  return hmac(secret, ['event', protocolVersion, nonce, String(index), json]);
}

/** Compares in constant time. */
export function isSameSignature(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Only the last part can contain a line break, so two different answers never give the same text. */
function hmac(secret: Buffer, parts: readonly string[]): string {
  return createHmac('sha256', secret).update(parts.join('\n')).digest('hex');
}
