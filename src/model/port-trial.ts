import { portIn } from './endpoint.ts';

/** Whether a container's port accepts connections, as seen from where meet-gen runs. */
export type PortAnswer =
  | { readonly kind: 'open' }
  | { readonly kind: 'refused' }
  /** Nothing that decides anything: the address is out of reach from here, or nothing came back. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** A port that requests are sent to, and what came of trying it. */
export interface PortTrial {
  /** `address:port`. */
  readonly endpoint: string;
  readonly answer: PortAnswer;
}

/** Why requests can't be answered at a port, and what to do. */
interface WrongPort {
  readonly message: string;
  readonly cure: string;
  /** The value of `meet.port` that is meant, where one port alone can be. */
  readonly meant?: number;
}

/**
 * Judges a port that was tried; undefined where nothing speaks against it.
 * @param exposed the ports that the container exposes: hints, since a program may listen anywhere
 */
export function judgePort({ endpoint, answer }: PortTrial, exposed: readonly number[]): WrongPort | undefined {
  if (answer.kind !== 'refused') return undefined;
  const port = portIn(endpoint);
  const others = exposed.filter((other) => other !== port);
  const message = `nothing listens on port ${port}: ${endpoint} refuses connections`;
  if (others.length === 0) return { message, cure: 'see its log; if it listens on another port, set meet.port to that' };
  const [meant] = others;
  return {
    message: `${message}, and the container exposes ${others.join(', ')}`,
    cure: `set meet.port to ${others.length === 1 ? meant : 'the port that the program listens on'}`,
    ...(others.length === 1 && meant !== undefined ? { meant } : {}),
  };
}
