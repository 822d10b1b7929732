import { cpus, release, totalmem } from 'node:os';
import { docker, type Engine } from '../providers/engine/docker-command.ts';
import type { Images } from '../providers/engine/stand-ins.ts';

/** The machine that the figures are from; figures can't be compared without it. */
export interface Machine {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryGB: number;
  readonly kernel: string;
  readonly node: string;
}

/** The versions of the engine and of its programs, for the parts that need an engine. */
export interface EngineVersions {
  readonly engine: string;
  readonly nginx: string;
  /** The oldest supported version. */
  readonly oldNginx: string;
  /** The version of Node in meet-gen's image. */
  readonly imageNode: string;
}

export function describeMachine(): Machine {
  return {
    cpus: cpus().length,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryGB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
  };
}

export async function describeEngine(engine: Engine, images: Images): Promise<EngineVersions> {
  const version = await docker(engine, ['version', '--format', '{{.Server.Version}}']);
  return {
    engine: version.trim(),
    nginx: images.nginx['1.30'].version,
    oldNginx: images.nginx['1.22'].version,
    imageNode: images.node.version,
  };
}
