import { stat } from 'node:fs/promises';
import { createEngineClient } from '../source/docker/client.ts';
import type { Container } from '../model/container.ts';
import { createPortReader } from '../source/docker/exposed-ports.ts';
import type { DockerHost } from '../source/docker-host.ts';
import { EngineError } from '../source/engine-error.ts';
import { createEngineReader } from '../doctor/collect/engine-reads.ts';
import { examine, unreachableEngine } from '../doctor/examine.ts';
import type { Examination } from '../doctor/examine.ts';
import type { Ownership } from '../doctor/facts/facts.ts';
import { reportJson, reportText } from '../doctor/report.ts';
import type { Options } from '../options.ts';
import { askGeneration } from '../reload/generation-probe.ts';
import { collectFacts } from '../doctor/collect/collect-facts.ts';

const statusTimeoutMs = 3000;

// In: options of one command. Out: the text that `cli.ts` prints, and the facts that decide the exit code. Each file of
// this folder puts together the parts of one command.

/** `output` is the report; `failed` is true if a check failed. */
export interface DoctorReport {
  readonly output: string;
  readonly failed: boolean;
}

/** Checks the running topology once, with this process's access to engine and networks. Changes nothing. */
export async function runDoctor(
  options: Pick<Options, 'dockerHost' | 'instance' | 'project'>,
  asJson: boolean,
  signal: AbortSignal,
): Promise<DoctorReport> {
  const examination = await examineTopology(options, signal);
  return {
    output: asJson ? reportJson(examination) : reportText(examination),
    failed: examination.findings.some(({ severity }) => severity === 'failure'),
  };
}

async function examineTopology(
  { dockerHost, instance, project }: Pick<Options, 'dockerHost' | 'instance' | 'project'>,
  signal: AbortSignal,
): Promise<Examination> {
  const client = createEngineClient(dockerHost);
  const addPorts = createPortReader(client, instance);
  const tools = {
    engine: {
      ...createEngineReader(client),
      exec: client.exec,
      signalEndsRestarts: () => client.profile().signalEndsRestarts,
    },
    addPorts: (containers: readonly Container[], abort: AbortSignal) => addPorts(containers, true, abort),
    askStatus: (endpoints: readonly string[], abort: AbortSignal) => askGeneration(endpoints, statusTimeoutMs, abort),
    socketOwner: () => socketOwner(dockerHost),
    nowMs: () => Date.now(),
  };
  try {
    return examine(await collectFacts(tools, instance, project, signal));
  } catch (error) {
    if (error instanceof EngineError) return unreachableEngine(error.message, error.cure);
    throw error;
  }
}

async function socketOwner(host: DockerHost): Promise<Ownership> {
  if (!('socketPath' in host)) throw new Error(`the engine is reached through ${host.url}, so the doctor can't see the socket`);
  return stat(host.socketPath);
}
