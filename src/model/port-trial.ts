import { portIn } from './endpoint.ts';

/** Whether a container's port accepts connections, seen from meet-gen. */
export type PortAnswer =
  | { readonly kind: 'open' }
  | { readonly kind: 'refused' }
  /** Decides nothing: the address is out of reach from here, or there was no answer. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** A port that gets requests, and the result of a trial connection. */
export interface PortTrial {
  /** `address:port`. */
  readonly endpoint: string;
  readonly answer: PortAnswer;
}

/** The reason why a port can't answer requests, and the cure. */
interface WrongPort {
  readonly message: string;
  readonly cure: string;
  /** The intended value of `meet.port`, where only one port is possible. */
  readonly meant?: number;
}

/**
 * The problem of a tried port; undefined for a usable port.
 * @param exposed the ports that the container exposes: hints, since a program may listen anywhere
 */
export function judgePort({ endpoint, answer }: PortTrial, exposed: readonly number[]): WrongPort | undefined {
  if (answer.kind !== 'refused') return undefined;
  const port = portIn(endpoint);
  const others = exposed.filter((other) => other !== port);
  const message = `no program listens on port ${port}: ${endpoint} refuses connections`;
  if (others.length === 0) return { message, cure: 'read its log; if the program listens on another port, set meet.port to that port' };
  const [meant] = others;
  return {
    message: `${message}, and the container exposes ${others.join(', ')}`,
    cure: `set meet.port to ${others.length === 1 ? meant : 'the port that the program listens on'}`,
    ...(others.length === 1 && meant !== undefined ? { meant } : {}),
  };
}
