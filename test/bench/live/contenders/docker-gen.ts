import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { Place } from '../place.ts';
import type { Texts } from '../texts.ts';
import type { Contender } from './contender.ts';
import { startProcess } from './process.ts';

/** docker-gen without `-wait`; undefined unless DOCKER_GEN names the program or it is on PATH. */
export function dockerGen(texts: Texts): Contender | undefined {
  const program = findProgram();
  if (program === undefined) return undefined;
  return {
    name: 'docker-gen',
    async start(place, socketPath) {
      const template = join(dirname(place.out), 'routing.tmpl');
      await writeFile(template, templateOf(place, texts));
      const options = ['-endpoint', `unix://${socketPath}`, '-watch', '-notify-sighup', place.frontend.name];
      return startProcess(program, [...options, template, place.file], /Watching docker events/i);
    },
  };
}

function findProgram(): string | undefined {
  const named = process.env['DOCKER_GEN'];
  if (named !== undefined && named !== '') {
    accessSync(named, constants.X_OK);
    return named;
  }
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'docker-gen'));
  return onPath.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Renders the same file as meet-gen for the running backends. */
function templateOf({ project, network }: Place, texts: Texts): string {
  const around = texts['one,two'].split(/^(?: {4}server [\d.]+:8000 .*\n)+/m);
  const mine = `whereLabelValueMatches $ "com.docker.compose.project" "^${project}$"`;
  const servers = [
    '{{ range $container := $backends }}{{ range $network := $container.Networks }}',
    `{{ if eq $network.Name "${network}" }}    server {{ $network.IP }}:8000 max_fails=0 fail_timeout=0;\n{{ end }}`,
    '{{ end }}{{ end }}',
  ].join('');
  const head = `{{ $backends := whereLabelValueMatches (${mine}) "meet.role" "^backend$" }}{{ if $backends }}`;
  return `${head}${around.join(servers)}{{ else }}${texts['']}{{ end }}`;
}
