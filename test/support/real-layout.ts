import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { NginxFiles } from './nginx-check.ts';

const composeExample = fileURLToPath(new URL('../../compose.example.yml', import.meta.url));

/** The stub that users mount at `/etc/nginx/conf.d/routing.conf`, taken from the compose example itself. */
export function shippedStub(): string {
  const compose = parse(readFileSync(composeExample, 'utf8'), { merge: true }) as { configs?: Record<string, { content?: string }> };
  const content = compose.configs?.['routing-stub']?.content;
  if (content === undefined) throw new Error('compose.example.yml has no inline config called routing-stub any more');
  return content.replaceAll('$$', '$');
}

/** The stub's text in lines of a compose file, as a documentation page shows it. */
export function stubIn(lines: string): string {
  const [, content] = lines.split('content: |\n');
  if (content === undefined) throw new Error('there is no inline config in these lines');
  return content.replaceAll(/^ {6}/gm, '').replaceAll('$$', '$').trimEnd() + '\n';
}

/** A rendered file where a frontend really has it: behind the stub, on the shared volume. */
export function inRealLayout(rendered: string): NginxFiles {
  return { 'conf.d/routing.conf': shippedStub(), 'meet-routing/routing.conf': rendered };
}
