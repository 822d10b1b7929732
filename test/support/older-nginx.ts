/** A rendered file without the directives that only newer nginx know: as meet-gen writes it for nginx 1.22. */
export function forOlderNginx(content: string): string {
  return content.replace(/^ *(?:keepalive_min_timeout 2s|keepalive 0);.*\n/gm, '');
}
