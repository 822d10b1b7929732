/**
 * A line of nginx's error log or standard error. `*7` is a connection: such a line concerns a request of a visitor,
 * never a configuration (nginx, `ngx_log_error_core`).
 */
const refusalPattern = /^(?:nginx: |\d{4}(?:\/\d\d){2} \d\d(?::\d\d){2} )?\[(?:emerg|crit)\] (?!\d+#\d+: \*)/;
const maxLines = 8;

/**
 * The lines with nginx's reason for refusing a configuration, without time and process; empty if nginx gives no reason.
 */
export function refusalsIn(output: string): readonly string[] {
  const refusals = output
    .split('\n')
    .filter((line) => refusalPattern.test(line))
    .map(withoutPrefix);
  return [...new Set(refusals)].slice(0, maxLines);
}

/** The reason in one line, for people; undefined if nginx gives no reason. */
export function refusalIn(output: string): string | undefined {
  const refusals = refusalsIn(output);
  return refusals.length === 0 ? undefined : refusals.join('; ');
}

/** Whether a reason contains a line of nginx; otherwise meet-gen could not read nginx's log. */
export function hasNginxReason(reason: string): boolean {
  return /\[(emerg|crit)\] /.test(reason);
}

function withoutPrefix(line: string): string {
  return line
    .replace(/^.*?(?=\[(?:emerg|crit)\])/, '')
    .replace(/^(\[\w+\]) \d+#\d+: /, '$1 ')
    .trim();
}
