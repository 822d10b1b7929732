import { parsePort } from '../../nginx/token.ts';
import { recordOf } from './json-fields.ts';

/**
 * Reads the TCP ports that a container exposes, in ascending order, from `GET /containers/<id>/json`. No other field is
 * read.
 * @throws Error when the answer isn't about this container
 */
export function exposedTcpPortsFrom(answer: unknown, id: string): readonly number[] {
  const entry = recordOf(answer);
  if (entry['Id'] !== id) throw new Error("the engine's answer is about another container");
  const ports = Object.keys(recordOf(recordOf(entry['Config'])['ExposedPorts'])).flatMap((key) => {
    // Compose passes on `expose` as written: `3000`, or a range. Only the lowest port is needed.
    const [range = '', protocol = 'tcp'] = key.split('/');
    return protocol === 'tcp' ? (parsePort(range.split('-')[0] ?? '') ?? []) : [];
  });
  return [...new Set(ports)].toSorted((left, right) => left - right);
}
