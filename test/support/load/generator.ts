import { createInterface } from 'node:readline';
import { runClient, type ClientRequest } from './kept-alive-client.ts';
import { stopLine, type LoadLine, type LoadPlan, type Method } from './load-messages.ts';
import type { Response } from './response-reader.ts';
import { createTally, type Sent } from './tally.ts';

// Runs inside a container, bundled into one script. The plan is its argument, control lines come on standard input,
// results go to standard output. The load ends at the plan's limits, or when standard input ends.

const plan = JSON.parse(process.argv.at(-1) ?? '') as LoadPlan;
const progressEveryMs = 100;
const tally = createTally();
const say = (line: LoadLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

let count = 0;
let isOver = false;
const stop = (): void => {
  isOver = true;
};

/** Each client alternates between the methods, unless the plan has clients that only send POST. */
function nextRequest(turn: { method: Method }): ClientRequest | undefined {
  if (isOver || count >= plan.maxRequests) return undefined;
  count += 1;
  if (plan.posting === undefined) turn.method = turn.method === 'GET' ? 'POST' : 'GET';
  const sent: Sent = { id: `${plan.name}-${count}`, method: turn.method, sentAtMs: performance.timeOrigin + performance.now() };
  const body = sent.method === 'POST' ? JSON.stringify({ n: sent.id }) : '';
  return {
    text: requestText(sent, body),
    answered(response) {
      if (response.status !== 200) return tally.failed(sent, 'status', String(response.status));
      const backend = answeringBackend(response, sent, body.length);
      if (backend === undefined) tally.failed(sent, 'wrong answer', `${response.head}\n${response.body}`.slice(0, 300));
      else tally.answered(sent, backend);
    },
    failed: (kind, detail) => tally.failed(sent, kind, detail),
  };
}

const waiting: (() => void)[] = [];

/** All clients continue at the same moment, so that many connections to the services are idle during the pause. */
function pauseTogether([fromMs, toMs]: readonly [number, number], goOn: () => void): void {
  waiting.push(goOn);
  if (waiting.length > 1) return;
  setTimeout(() => waiting.splice(0).forEach((go) => go()), fromMs + Math.random() * (toMs - fromMs));
}

function requestText({ id, method }: Sent, body: string): string {
  const path = method === 'GET' ? '/api/v1.0/config/' : '/api/v1.0/rooms/';
  const head = `${method} ${path}?n=${id} HTTP/1.1\r\nHost: meet.example.com\r\n`;
  return method === 'GET' ? `${head}\r\n` : `${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** The host that answered, if this is the API's complete answer to this request. */
function answeringBackend({ head, body }: Response, sent: Sent, bodyLength: number): string | undefined {
  if (!head.includes('application/json') || !head.includes(`?n=${sent.id}\r\n`)) return undefined;
  try {
    const { backend, bytes } = JSON.parse(body) as { backend?: string; bytes?: number };
    return sent.method === 'POST' && bytes !== bodyLength ? undefined : backend;
  } catch {
    return undefined;
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => line === stopLine && stop())
  .on('close', stop);
const deadline = setTimeout(stop, plan.maxSeconds * 1000);
const progress = setInterval(() => say({ progress: tally.progress() }), progressEveryMs);

const clients = Array.from({ length: plan.clients }, (_, index) => {
  // Alternating clients: half of them start with each method.
  const isPosting = plan.posting === undefined ? index % 2 === 1 : index < plan.posting;
  const turn: { method: Method } = { method: isPosting ? 'POST' : 'GET' };
  const { pauseMs } = plan;
  return runClient({
    ...plan,
    next: () => nextRequest(turn),
    ...(pauseMs === undefined ? {} : { pause: (goOn) => pauseTogether(pauseMs, goOn) }),
    opened: tally.opened,
    closeAnnounced: tally.closeAnnounced,
  });
});
await Promise.all(clients);
clearTimeout(deadline);
clearInterval(progress);
process.stdout.write(`${JSON.stringify({ summary: tally.summary() } satisfies LoadLine)}\n`, () => process.exit(0));
