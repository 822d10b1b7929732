import { known, unknown } from '../facts/facts.ts';
import type { HttpAnswer, Known, Reachability } from '../facts/facts.ts';

/** The tests that a command runs inside a backend: connections to names, and a request to its own heartbeat. */
export interface SelfTest {
  /** Hosts to connect to. */
  readonly names: readonly string[];
  readonly namesPort: number;
  /** The path of the heartbeat. */
  readonly path: string;
  readonly nameSeconds: number;
  readonly heartbeatSeconds: number;
  /** The port of the backend's server. */
  readonly port: number;
  /** The Host header of the request. */
  readonly host: string;
}

interface SelfTestResult {
  readonly reach: Known<ReadonlyMap<string, Reachability>>;
  readonly heartbeat?: HttpAnswer;
}

const noAnswer = 'no answer in time';
/** Longer than the limits of the script, which reports a DNS without an answer and a heartbeat that hangs. */
export const selfTestLimitMs = 15_000;

/**
 * Meet's backend has Python. Each test has a thread, which is abandoned at the limit, since looking up a name has no
 * limit. Prints one line of JSON: `{"names": {name: "open" or a reason}, "heartbeat": status or a reason}`.
 */
const script = `
import http.client, json, os, socket, sys, threading, time
test, result = json.loads(sys.argv[2]), {"names": {}, "heartbeat": "no answer in time"}
def reach(name):
    try:
        socket.create_connection((name, test["namesPort"]), test["nameSeconds"]).close()
        result["names"][name] = "open"
    except socket.gaierror:
        result["names"][name] = "no address for the name"
    except OSError as error:
        result["names"][name] = error.strerror or "no answer in time"
def beat():
    try:
        connection = http.client.HTTPConnection("127.0.0.1", test["port"], timeout=test["heartbeatSeconds"])
        connection.request("GET", test["path"], headers={"Host": test["host"], "X-Forwarded-Proto": "https"})
        result["heartbeat"] = connection.getresponse().status
    except ConnectionRefusedError:
        result["heartbeat"] = "refused"
    except Exception:
        pass
begin = time.monotonic()
threads = [(threading.Thread(target=reach, args=(name,), daemon=True), test["nameSeconds"]) for name in test["names"]]
threads += [(threading.Thread(target=beat, daemon=True), test["heartbeatSeconds"])]
for thread, _ in threads: thread.start()
for thread, limit in threads: thread.join(max(0, begin + limit - time.monotonic()))
print(json.dumps(result), flush=True)
os._exit(0)
`;

/** The command that runs the self-test in a backend. */
export function selfTestCommand(selfTest: SelfTest): readonly string[] {
  return ['python', '-c', script, 'meet-gen-doctor', JSON.stringify(selfTest)];
}

/** Reads the output of the command. */
export function readSelfTest({ code, output }: { readonly code: number; readonly output: string }, { names }: SelfTest): SelfTestResult {
  // Warnings of Python can come before the last line.
  const result = parseRecord(output.trim().split('\n').at(-1) ?? '');
  if (code !== 0 || result === undefined) return { reach: unknown(`the Python script failed in it (exit code ${code})`) };
  const results = recordOf(result['names']);
  const reach = names.map((name): [string, Reachability] => [name, reachabilityFrom(results[name])]);
  return { reach: known(new Map(reach)), heartbeat: heartbeatFrom(result['heartbeat']) };
}

function reachabilityFrom(answer: unknown): Reachability {
  return answer === 'open' ? { kind: 'open' } : { kind: 'closed', reason: typeof answer === 'string' ? answer : noAnswer };
}

function heartbeatFrom(answer: unknown): HttpAnswer {
  if (typeof answer === 'number') return { kind: 'answer', status: answer, content: 'json' };
  return answer === 'refused' ? { kind: 'refused' } : { kind: 'unreachable', reason: noAnswer };
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
