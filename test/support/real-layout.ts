import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { NginxFiles } from './nginx-check.ts';

const composeExample = fileURLToPath(new URL('../../compose.example.yml', import.meta.url));

/** The stub that users mount at `/etc/nginx/conf.d/routing.conf`, from compose.example.yml. */
export function shippedStub(): string {
  const compose = parse(readFileSync(composeExample, 'utf8'), { merge: true }) as { configs?: Record<string, { content?: string }> };
  const content = compose.configs?.['routing-stub']?.content;
  if (content === undefined) throw new Error('compose.example.yml has no inline config called routing-stub');
  return content.replaceAll('$$', '$');
}

/** The stub from the lines of a compose file on a documentation page. */
export function stubIn(lines: string): string {
  const [, content] = lines.split('content: |\n');
  if (content === undefined) throw new Error('there is no inline config in these lines');
  return content.replaceAll(/^ {6}/gm, '').replaceAll('$$', '$').trimEnd() + '\n';
}

/** The files of a real frontend: the stub, and the rendered file in the shared volume. */
export function inRealLayout(rendered: string): NginxFiles {
  return { 'conf.d/routing.conf': shippedStub(), 'meet-routing/routing.conf': rendered };
}
