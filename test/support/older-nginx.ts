/** Removes the directives that only newer nginx versions know, as meet-gen does for nginx 1.22. */
export function forOlderNginx(content: string): string {
  return content.replace(/^ *(?:keepalive_min_timeout 2s|keepalive 0);.*\n/gm, '');
}
