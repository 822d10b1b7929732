/**
 * A line of nginx's error log, or of its standard error. `*7` names a connection: such a line is about a request, which a visitor
 * makes, and never about a configuration (nginx, `ngx_log_error_core`).
 */
const refusalPattern = /^(?:nginx: |\d{4}(?:\/\d\d){2} \d\d(?::\d\d){2} )?\[(?:emerg|crit)\] (?!\d+#\d+: \*)/;
const maxLines = 8;

/** The lines in which nginx says why it refuses a configuration, without time and process; empty when it says nothing of the kind. */
export function refusalsIn(output: string): readonly string[] {
  const refusals = output
    .split('\n')
    .filter((line) => refusalPattern.test(line))
    .map(withoutPrefix);
  return [...new Set(refusals)].slice(0, maxLines);
}

/** The same in one line, for people; undefined when nginx says nothing of the kind. */
export function refusalIn(output: string): string | undefined {
  const refusals = refusalsIn(output);
  return refusals.length === 0 ? undefined : refusals.join('; ');
}

/** Whether a reason holds such a line; else nobody could read what nginx says. */
export function isSaidByNginx(reason: string): boolean {
  return /\[(emerg|crit)\] /.test(reason);
}

function withoutPrefix(line: string): string {
  return line
    .replace(/^.*?(?=\[(?:emerg|crit)\])/, '')
    .replace(/^(\[\w+\]) \d+#\d+: /, '$1 ')
    .trim();
}
