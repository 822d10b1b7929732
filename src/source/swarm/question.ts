import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ManagerFailure } from './manager-failure.ts';
import {
  hashBody,
  isSameSignature,
  nonceHeader,
  protocolHeader,
  protocolVersion,
  signAnswer,
  signatureHeader,
  signEvent,
} from './signature.ts';
import type { SignedAnswer } from './signature.ts';

/** An answer as it arrived. */
interface ReceivedAnswer extends Omit<SignedAnswer, 'bodyHash'> {
  readonly body: string;
}

/** The headers of one question, and the check of its answer. */
export interface Question {
  readonly headers: Readonly<Record<string, string>>;
  /** @throws ManagerFailure for an answer without the right signature */
  checkAnswer(headers: IncomingHttpHeaders, answer: ReceivedAnswer): void;
  /** @returns the JSON of a line of the event stream. @throws ManagerFailure without the right signature */
  checkEvent(index: number, line: string): string;
}

const unsigned: Question = { headers: {}, checkAnswer: () => undefined, checkEvent: (_, line) => line };

/** @param secret that readers sign with; without it, no answer needs a signature */
export function newQuestion(secret: Buffer | undefined): Question {
  if (secret === undefined) return unsigned;
  const nonce = randomBytes(16).toString('hex');
  return {
    headers: { [nonceHeader]: nonce },
    checkAnswer(headers, { body, ...answer }) {
      const [signature, protocol] = [String(headers[signatureHeader] ?? ''), String(headers[protocolHeader] ?? '')];
      if (signature === '') throw notSigned();
      if (protocol !== protocolVersion) throw otherProtocol();
      if (!isSameSignature(signAnswer(secret, nonce, { ...answer, bodyHash: hashBody(body) }), signature)) throw wronglySigned();
    },
    checkEvent(index, line) {
      const at = line.indexOf(' ');
      const json = line.slice(at + 1);
      if (!isSameSignature(signEvent(secret, nonce, index, json), line.slice(0, Math.max(at, 0)))) throw wronglySigned();
      return json;
    },
  };
}

function notSigned(): ManagerFailure {
  return new ManagerFailure(
    'its answer has no signature',
    'let --managers name readers (meet-gen reader), or for a plain socket proxy remove --reader-secret',
  );
}

function wronglySigned(): ManagerFailure {
  return new ManagerFailure(
    'its answer has a wrong signature',
    'give meet-gen and all readers the same secret (--reader-secret); if it is the same, another program answers at that address',
  );
}

function otherProtocol(): ManagerFailure {
  return new ManagerFailure('its version of meet-gen is not compatible with this one', 'use the same image for meet-gen and the readers');
}
