import { CommanderError } from 'commander';
import { createProgram, withDefaultCommand } from '../../../src/cli.ts';
import { OptionsError, readOptions } from '../../../src/options.ts';

/** Parses these words after `meet-gen` with the real command line, without running the command. @returns the errors */
export function checkMeetGen(words: readonly string[]): readonly string[] {
  const program = createProgram().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  for (const command of program.commands)
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined }).action(() => undefined);
  try {
    program.parse(withDefaultCommand(words), { from: 'user' });
    return [];
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? [] : [`meet-gen ${words.join(' ')}: ${error.message}`];
  }
}

/** Reads meet-gen's variables among these. @returns the errors */
export function checkVariables(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readOptions('run', {}, environment);
    return [];
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    return error.lines;
  }
}

/** Whether there is a command of this name. */
export function isMeetGenCommand(name: string): boolean {
  return createProgram().commands.some((command) => command.name() === name);
}
