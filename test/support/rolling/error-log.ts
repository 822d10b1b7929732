import type { Engine } from '../../providers/engine/docker-command.ts';
import { tryCommand } from '../../providers/run-command.ts';

/** A line of nginx's error log about one of the test's requests. */
export interface ErrorLine {
  /** The request's id. */
  readonly id: string;
  /**
   * The error and the step: `recv() failed (104: Connection reset by peer) while reading response header from
   * upstream`.
   */
  readonly what: string;
  /** The upstream server, if there was one: `172.19.0.3:8000`. */
  readonly upstream?: string;
}

const aboutARequest = /\]\s\d+#\d+: \*\d+ (?<what>.*?), client: .*?, request: "\w+ \S*?\?n=(?<id>[\w-]+)/;
const upstreamOf = /, upstream: "http:\/\/([^/"]+)/;

/** All error lines about the test's requests in a container's log. */
export async function errorLinesOf(engine: Engine, container: string): Promise<readonly ErrorLine[]> {
  const logs = await tryCommand(engine.dockerCli, ['logs', container], { env: engine.env });
  return logs.stderr.split('\n').flatMap(readErrorLine);
}

/** A note after the line with the error itself. */
const note = /^upstream server temporarily disabled /;

/** Parses a line. Empty unless the line is about one of the test's requests. */
function readErrorLine(line: string): readonly ErrorLine[] {
  const found = aboutARequest.exec(line)?.groups;
  if (found?.['id'] === undefined || found['what'] === undefined || note.test(found['what'])) return [];
  const upstream = upstreamOf.exec(line)?.[1];
  return [{ id: found['id'], what: found['what'], ...(upstream === undefined ? {} : { upstream }) }];
}
