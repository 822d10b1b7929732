import { help as benchHelp } from '../../bench/arguments.ts';
import { help as demoHelp } from '../../demo/arguments.ts';
import { createProgram } from '../../../src/cli.ts';
import { allLabels } from '../../../src/model/label-table.ts';
import { optionTable } from '../../../src/options.ts';
import { dockerFlags } from './docker-flags.ts';
import { readPage } from './pages.ts';

/** Flags of other programs that the prose mentions. */
const othersFlags = new Set([
  '--userns-remap', // dockerd
  '--use-aliases', // docker compose run
]);

const labelKeys = new Set(['meet.role', ...allLabels.map(({ key }) => key)]);
const variables = new Set(Object.values(optionTable).map(({ variable }) => variable));

/** Finds an unknown label, variable of meet-gen or flag at the beginning of a code span. */
export function checkName(span: string): readonly string[] {
  const [name = ''] = span.split(/[ =:,`[]/);
  if (/^meet\.[a-z]/.test(name)) return isLabel(name) ? [] : [`${name}: no such label`];
  if (name.startsWith('MEET_GEN_')) return variables.has(name) || name === 'MEET_GEN_' ? [] : [`${name}: no such variable`];
  if (/^--[a-z]/.test(name)) return flags().has(name) ? [] : [`${name}: no such flag`];
  return [];
}

/** A label may contain a name from the user, and the prose may leave a part open. */
function isLabel(name: string): boolean {
  if (name.endsWith('*') || name.includes('{')) return true;
  const general = name.replace(/^(meet\.(?:route|allow)\.)[a-z0-9_-]+/, '$1<name>');
  return labelKeys.has(name) || labelKeys.has(general) || [...labelKeys].some((key) => key.startsWith(`${name}.`));
}

function flags(): ReadonlySet<string> {
  const ours = createProgram().commands.flatMap(({ options }) => options.map(({ long }) => long ?? ''));
  const dockers = Object.values(dockerFlags)
    .flat()
    .map((flag) => flag.replace('=', ''));
  const ofScripts = `${benchHelp}${demoHelp}${readPage('docs/rolling-update.sh')}`.match(/--[a-z]+/g) ?? [];
  return new Set([...ours, ...ofScripts, ...dockers, ...othersFlags, '--help', '--version']);
}
