import { known, unknown } from '../facts/facts.ts';
import type { HttpAnswer, Known, Reachability } from '../facts/facts.ts';

/** What a backend is asked to try by itself. */
export interface SelfTest {
  /** To connect to. */
  readonly names: readonly string[];
  readonly namesPort: number;
  readonly path: string;
  readonly nameSeconds: number;
  readonly heartbeatSeconds: number;
  /** Of its own server, and the host to ask it for. */
  readonly port: number;
  readonly host: string;
}

/** What came of it. */
interface SelfTestResult {
  readonly reach: Known<ReadonlyMap<string, Reachability>>;
  readonly heartbeat?: HttpAnswer;
}

const noAnswer = 'no answer in time';
/** Longer than the script's own limits, which it keeps by itself: a name that no DNS answers for, or a heartbeat that hangs. */
export const selfTestLimitMs = 15_000;

/**
 * Meet's backend is Python, so Python is there. Each try has a thread that may be left behind: a name's resolution knows no limit.
 * Prints one line of JSON: `{"names": {name: "open" or why not}, "heartbeat": status or why not}`.
 */
const script = `
import http.client, json, os, socket, sys, threading, time
selfTest, told = json.loads(sys.argv[2]), {"names": {}, "heartbeat": "no answer in time"}
def reach(name):
    try:
        socket.create_connection((name, selfTest["namesPort"]), selfTest["nameSeconds"]).close()
        told["names"][name] = "open"
    except socket.gaierror:
        told["names"][name] = "no address for the name"
    except OSError as error:
        told["names"][name] = error.strerror or "no answer in time"
def beat():
    try:
        connection = http.client.HTTPConnection("127.0.0.1", selfTest["port"], timeout=selfTest["heartbeatSeconds"])
        connection.request("GET", selfTest["path"], headers={"Host": selfTest["host"], "X-Forwarded-Proto": "https"})
        told["heartbeat"] = connection.getresponse().status
    except ConnectionRefusedError:
        told["heartbeat"] = "refused"
    except Exception:
        pass
begin = time.monotonic()
threads = [(threading.Thread(target=reach, args=(name,), daemon=True), selfTest["nameSeconds"]) for name in selfTest["names"]]
threads += [(threading.Thread(target=beat, daemon=True), selfTest["heartbeatSeconds"])]
for thread, _ in threads: thread.start()
for thread, limit in threads: thread.join(max(0, begin + limit - time.monotonic()))
print(json.dumps(told), flush=True)
os._exit(0)
`;

/** The command that runs the self-test in a backend. */
export function selfTestCommand(selfTest: SelfTest): readonly string[] {
  return ['python', '-c', script, 'meet-gen-doctor', JSON.stringify(selfTest)];
}

/** Reads what the command wrote. */
export function readSelfTest({ code, output }: { readonly code: number; readonly output: string }, { names }: SelfTest): SelfTestResult {
  // Python may have warned of something before.
  const told = parseRecord(output.trim().split('\n').at(-1) ?? '');
  if (code !== 0 || told === undefined) return { reach: unknown(`its Python could not be asked (exit code ${code})`) };
  const results = recordOf(told['names']);
  const reach = names.map((name): [string, Reachability] => [name, reachabilityFrom(results[name])]);
  return { reach: known(new Map(reach)), heartbeat: heartbeatFrom(told['heartbeat']) };
}

function reachabilityFrom(told: unknown): Reachability {
  return told === 'open' ? { kind: 'open' } : { kind: 'closed', reason: typeof told === 'string' ? told : noAnswer };
}

function heartbeatFrom(told: unknown): HttpAnswer {
  if (typeof told === 'number') return { kind: 'answer', status: told, content: 'json' };
  return told === 'refused' ? { kind: 'refused' } : { kind: 'unreachable', reason: noAnswer };
}

function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
