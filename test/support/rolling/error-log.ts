import type { Engine } from '../../providers/engine/docker-command.ts';
import { tryCommand } from '../../providers/run-command.ts';

/** One line of nginx's error log that is about a request of ours. */
export interface ErrorLine {
  /** The request's id. */
  readonly id: string;
  /** What happened, and during what: `recv() failed (104: Connection reset by peer) while reading response header from upstream`. */
  readonly what: string;
  /** `172.19.0.3:8000`, if nginx was dealing with one. */
  readonly upstream?: string;
}

const aboutARequest = /\]\s\d+#\d+: \*\d+ (?<what>.*?), client: .*?, request: "\w+ \S*?\?n=(?<id>[\w-]+)/;
const upstreamOf = /, upstream: "http:\/\/([^/"]+)/;

/** All that nginx has said about requests of ours, as the container's log tells it. */
export async function errorLinesOf(engine: Engine, container: string): Promise<readonly ErrorLine[]> {
  const told = await tryCommand(engine.dockerCli, ['logs', container], { env: engine.env });
  return told.stderr.split('\n').flatMap(readErrorLine);
}

/** Only a note that follows the line which tells what happened. */
const note = /^upstream server temporarily disabled /;

/** Reads one line; nothing where it isn't about a request of ours. */
function readErrorLine(line: string): readonly ErrorLine[] {
  const found = aboutARequest.exec(line)?.groups;
  if (found?.['id'] === undefined || found['what'] === undefined || note.test(found['what'])) return [];
  const upstream = upstreamOf.exec(line)?.[1];
  return [{ id: found['id'], what: found['what'], ...(upstream === undefined ? {} : { upstream }) }];
}
