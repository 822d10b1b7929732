// Each command is imported when it runs, so that a health check, for example, doesn't load the sidecar.
import { Command, Option } from 'commander';
import { showUntrustedLines } from './model/untrusted-text.ts';
import { flagWithValue, optionTable, OptionsError, parseDuration, readOptions } from './options.ts';
import type { CommandName, Flags, OptionSpec } from './options.ts';
import { exitOnBugs, interruption, operatorSignals } from './commands/process-signals.ts';
import { exitCodes, explainFailure, reportOutputErrors, printAnswer, printDrain, printReport, say, redraw } from './commands/terminal.ts';
import { version } from './util/version.ts';
import { messageOf } from './util/error-message.ts';

/** The command line: commands with options, help and action. */
export function createProgram(): Command {
  const program = new Command('meet-gen')
    .description(
      'Keeps the routes of a self-hosted La Suite Meet up to date: reads the meet.* labels of containers, publishes nginx configuration, reloads nginx, and proves that nginx serves the new file.',
    )
    .usage('[command] [options]')
    .version(version)
    .addHelpText('after', '\nThe default command is run. Options of a command: meet-gen <command> --help.')
    .showHelpAfterError('meet-gen: see --help')
    .configureOutput({ outputError: (text, write) => write(`${showUntrustedLines(text.replace(/^error: /, 'meet-gen: ')).join('\n')}\n`) })
    .exitOverride();
  for (const add of [addRun, addReader, addRender, addDrain, addExplain, addDoctor, addStatus, addHealthcheck, addHook]) add(program);
  return program;
}

function addRun(program: Command): void {
  addOptions(program.command('run').description('run the sidecar (default): watch, render, publish, reload, prove'), 'run')
    .addHelpText(
      'after',
      '\nExit code: 0 stopped, 1 the stop was forced, 2 an option or variable is wrong.\nSignals: HUP requests a resync; TERM and INT stop, and a second one at once.',
    )
    .action(async (flags: Flags) => {
      const options = readOptions('run', byOption(flags), process.env);
      const { runSidecar } = await import('./commands/run.ts');
      await runSidecar(options, operatorSignals());
    });
}

function addReader(program: Command): void {
  addOptions(
    program
      .command('reader')
      .description("on the managers of a swarm: show the nodes' meet-gen services and tasks, only with the fields that routing needs"),
    'reader',
  )
    .addHelpText(
      'after',
      `
Answers GET /_ping, /version, /events, /services and /tasks, signed with the
secret. The socket of the engine stays with the reader (docs/security.md).

Exit code: 0 stopped, 1 the stop was forced, 2 an option or variable is wrong.
Signals: TERM and INT stop, and a second one at once.`,
    )
    .action(async (flags: Flags) => {
      const options = readOptions('reader', byOption(flags), process.env);
      const { runReader } = await import('./commands/reader.ts');
      await runReader(options, operatorSignals());
    });
}

function addRender(program: Command): void {
  addOptions(
    program.command('render').description('print the file of one pass to standard output; no file is written, and no nginx is reloaded'),
    'render',
  )
    .option(
      '--compose [file]',
      'use the output of "docker compose [-f file] config --format json" instead of an engine; - reads that JSON from standard input',
    )
    .option('--diff', 'print the difference to the files in --out, instead of the whole content')
    .addHelpText(
      'after',
      `
Without a file, Compose reads the same files as for "up". Pipe the JSON for
several files, for profiles, for an .env elsewhere, and where docker is not on
the PATH, as in the image:
  docker compose -f a.yml -f b.yml --profile x config --format json |
    docker run --rm -i meet-gen render --compose -

Exit code: 0, 2 usage, 3 engine unreachable, 4 template, 7 problems found
(listed on standard error).`,
    )
    .action(async (flags: Flags) => {
      const options = readOptions('render', byOption(flags), process.env);
      const { compose } = flags;
      if (compose === '') throw new OptionsError(['--compose: the name of the file is empty']);
      const { signal } = new AbortController();
      const { renderFromCompose, renderFromEngine } = await import('./commands/render.ts');
      const asDiff = flags['diff'] === true;
      printReport(
        await (compose === undefined
          ? renderFromEngine(options, asDiff, signal)
          : renderFromCompose(textOf(compose), options, asDiff, signal)),
      );
    });
}

function addDrain(program: Command): void {
  addOptions(
    program
      .command('drain')
      .description('take containers out of rotation before they are stopped, and wait until no frontend sends them new requests')
      .argument('<container...>', 'names of containers, or the first characters of their ids'),
    'drain',
  )
    .option('--timeout <duration>', 'how long to wait; if not all of the containers are out by then, all take requests again', '60s')
    .option('--cancel', 'let the containers take requests again')
    .addHelpText(
      'after',
      '\nExit code: 0 the containers can be stopped, 7 not: no other replica is ready,\nor a frontend is not proven in time.\nExample: meet-gen drain meet-backend-1 && docker stop meet-backend-1',
    )
    .action(async (names: readonly string[], flags: Flags) => {
      const options = readOptions('drain', byOption(flags), process.env);
      const limitMs = readTimeout(textOf(flags['timeout']) ?? '');
      const { cancelDrain, drain } = await import('./commands/drain.ts');
      printDrain(await (flags['cancel'] === true ? cancelDrain(options, names) : drain(options, names, limitMs, interruption())));
    });
}

function addExplain(program: Command): void {
  addOptions(
    program
      .command('explain')
      .description('show the location, service and containers that answer a path or a URL, and why other containers do not')
      .argument('<path or URL>', '/files, or https://meet.example.com/files: the host of a URL picks the instance by its meet.host'),
    'explain',
  )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Asks the running sidecar about the published file.

Exit code: 0 the path is answered, 2 usage, 3 no running sidecar answers,
7 the path is not answered.
Example: docker compose exec meet-gen meet-gen explain /files`,
    )
    .action(async (text: string, flags: Flags) => {
      const { explainPath } = await import('./commands/explain.ts');
      const report = await explainPath(readOptions('explain', byOption(flags), process.env), text, flags['json'] === true);
      printAnswer(report, ({ answered }) => answered);
    });
}

function addDoctor(program: Command): void {
  addOptions(
    program
      .command('doctor')
      .description('check the running containers once, and report each fault, why the fault matters and how to fix it'),
    'doctor',
  )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The doctor changes nothing. The doctor needs the engine, and the network of the
Meet to ask the containers; a check without access is "not checked".

Exit code: 0 no check failed (there may be warnings), 2 usage, 7 a check failed,
or the engine can't be reached.
Example: docker run --rm --network meet_internal \\
           --group-add "$(stat -c %g /var/run/docker.sock)" \\
           -v /var/run/docker.sock:/var/run/docker.sock meet-gen doctor`,
    )
    .action(async (flags: Flags) => {
      const options = readOptions('doctor', byOption(flags), process.env);
      const { runDoctor } = await import('./commands/doctor.ts');
      const { output, failed } = await runDoctor(options, flags['json'] === true, new AbortController().signal);
      process.stdout.write(output);
      if (failed) process.exitCode = exitCodes.problems;
    });
}

function addStatus(program: Command): void {
  addOptions(
    program
      .command('status')
      .description('show the published files, the generation of each frontend, the replicas in rotation, and why others are out'),
    'status',
  )
    .option('--json', 'print JSON (docs/status.md)')
    .option('--watch', 'ask again every second, and show each change, until Ctrl-C')
    .addHelpText(
      'after',
      `
Asks the running sidecar, and tries a connection to each replica in rotation.

Exit code: 0 all routes are live and all services ready, 2 usage, 3 no running
sidecar answers, 7 a route is not live, or a service is not ready.
Example: docker compose exec meet-gen meet-gen status`,
    )
    .action(async (flags: Flags) => {
      const options = readOptions('status', byOption(flags), process.env);
      const asJson = flags['json'] === true;
      const { readStatus, watchStatus } = await import('./commands/status.ts');
      if (flags['watch'] === true) {
        await watchStatus(options, asJson, redraw, interruption());
        return;
      }
      const report = await readStatus(options, asJson);
      printAnswer(report, ({ isServing }) => isServing);
    });
}

function addHealthcheck(program: Command): void {
  addOptions(program.command('healthcheck').description("check the health of the running sidecar, for Docker's HEALTHCHECK"), 'healthcheck')
    .addHelpText('after', '\nExit code: 0 healthy, 1 unhealthy.')
    .action(async (flags: Flags) => {
      const { checkHealth } = await import('./commands/healthcheck.ts');
      const failure = await checkHealth(readOptions('healthcheck', byOption(flags), process.env));
      if (failure === undefined) return;
      say(failure);
      process.exitCode = 1;
    });
}

function addHook(program: Command): void {
  program
    .command('hook')
    .description('print the script that tests and reloads inside a frontend, for --reload hook')
    .addHelpText(
      'after',
      `
Save the script in a file of mode 755, and mount the file into the frontend as
/docker-entrypoint.d/90-meet-gen.sh, with entrypoint: [/docker-entrypoint.sh],
command: [nginx, -g, daemon off;] and templates/hook-stub.conf as the stub.
compose.hardened.yml is the whole set-up.

Exit code: 0.
Example: docker run --rm meet-gen hook > meet-gen-hook.sh && chmod 755 meet-gen-hook.sh`,
    )
    .action(async () => {
      const { hookScript } = await import('./commands/hook.ts');
      process.stdout.write(hookScript());
    });
}

function addOptions(command: Command, name: CommandName): Command {
  for (const spec of Object.values(optionTable) as OptionSpec<unknown>[]) {
    if (!spec.commands.includes(name)) continue;
    const fallback = spec.fallback !== undefined ? `; default ${spec.fallback}` : '';
    command.addOption(new Option(flagWithValue(spec), `${spec.meaning} (${spec.variable}${fallback})`));
  }
  return command;
}

/** The flags that were given, by the names of the option table. */
function byOption(flags: Flags): Flags {
  return Object.fromEntries(Object.entries(optionTable).map(([name, spec]) => [name, flags[new Option(spec.flag).attributeName()]]));
}

function textOf(flag: Flags[string]): string | undefined {
  return typeof flag === 'string' ? flag : undefined;
}

function readTimeout(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new OptionsError([`--timeout: ${messageOf(error)}`]);
  }
}

/** Adds the command `run` if no command is given. Help and version belong to the program. */
export function withDefaultCommand(args: readonly string[]): readonly string[] {
  const [first] = args;
  const ofProgram = first !== undefined && (!first.startsWith('-') || ['--help', '-h', '--version', '-V'].includes(first));
  return ofProgram ? args : ['run', ...args];
}

/** Does what the words after the program's name ask for; how it ended is the process's exit code. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  // A library's use of an old API of Node's is nothing that an operator could fix.
  process.noDeprecation = true;
  exitOnBugs();
  reportOutputErrors();
  try {
    await createProgram().parseAsync(withDefaultCommand(words), { from: 'user' });
  } catch (error) {
    process.exitCode = explainFailure(error);
  }
}
