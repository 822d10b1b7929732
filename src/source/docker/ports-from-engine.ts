import { parsePort } from '../../nginx/token.ts';
import { recordOf } from './foreign-json.ts';

/**
 * The TCP ports that a container exposes, ascending, out of `GET /containers/<id>/json`; nothing else of the answer is read or kept.
 * @throws Error when it describes another container, or none
 */
export function exposedTcpPortsFrom(answer: unknown, id: string): readonly number[] {
  const entry = recordOf(answer);
  if (entry['Id'] !== id) throw new Error("the engine's answer does not describe this container");
  const ports = Object.keys(recordOf(recordOf(entry['Config'])['ExposedPorts'])).flatMap((key) => {
    // Compose passes `expose: ["3000"]` and a range on as they are written. The lowest port is all that matters.
    const [range = '', protocol = 'tcp'] = key.split('/');
    return protocol === 'tcp' ? (parsePort(range.split('-')[0] ?? '') ?? []) : [];
  });
  return [...new Set(ports)].toSorted((left, right) => left - right);
}
