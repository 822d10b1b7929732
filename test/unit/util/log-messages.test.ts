import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logFields, logMessages } from '../../../src/util/log-messages.ts';
import type { LogField } from '../../../src/util/log-messages.ts';
import { silentLog } from '../../../src/util/log.ts';
import { repository } from '../../support/docs/pages.ts';

const source = join(repository, 'src');
const table = 'util/log-messages.ts';
/** The only place that hands a line to pino. */
const writer = 'commands/log.ts';

interface Row {
  readonly level: string;
  readonly message: string;
  readonly meaning: string;
  readonly action: string;
  readonly fields: readonly LogField[];
  readonly optional?: readonly LogField[];
}

const rows: readonly (readonly [name: string, row: Row])[] = Object.entries(logMessages);
const texts = new Map(
  readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== table)
    .map((file) => [file, readFileSync(join(source, file), 'utf8')]),
);
const code = [...texts.values()].join('\n');

describe('the messages of the log', () => {
  it.each(rows)('%s is a short static phrase in lower case', (_, { message }) => {
    expect(message).toMatch(/^[a-z][A-Za-z ,.()-]{1,59}$/);
  });

  it.each(rows)('%s says what it means and what to do', (_, { meaning, action }) => {
    expect(meaning).toMatch(/^(?:[A-Z`]|meet-gen ).{15,}\.$/);
    expect(action).toMatch(/^[a-z[].+[^.]$/);
  });

  it('differ at the same level', () => {
    const keys = rows.map(([, { level, message }]) => `${level} ${message}`);
    expect(keys).toEqual([...new Set(keys)]);
  });

  it.each(rows)('%s is used in the code', (name) => {
    expect(code).toContain(`'${name}'`);
  });

  it('name each field once', () => {
    const repeated = rows.filter(
      ([, { fields, optional = [] }]) => new Set([...fields, ...optional]).size < fields.length + optional.length,
    );
    expect(repeated).toEqual([]);
  });

  it('use every field that is described', () => {
    const used = new Set(rows.flatMap(([, { fields, optional = [] }]) => [...fields, ...optional]));
    expect(Object.keys(logFields).toSorted()).toEqual([...used].toSorted());
  });
});

describe('the code', () => {
  it('logs through the table alone', () => {
    const past = [...texts]
      .filter(([file, text]) => file !== writer && /\bfrom 'pino'|\.(?:fatal|error|warn|info|debug|trace)\(/.test(text))
      .map(([file]) => file);
    expect(past).toEqual([]);
  });

  it('has no copy of a message', () => {
    // A single word may be another text, too: `stopped` is also a state.
    const copied = rows.filter(([, { message }]) => message.includes(' ') && code.includes(`'${message}'`));
    expect(copied).toEqual([]);
  });

  // The compiler checks this one: an error that does not occur is an error.
  it('compiles only with a message of the table and its fields', () => {
    silentLog.write('stopped');
    silentLog.write('partWorks', { part: 'a pass' });
    // @ts-expect-error -- no such message
    silentLog.write('no such message');
    // @ts-expect-error -- a field is missing
    silentLog.write('partWorks', {});
    // @ts-expect-error -- a field that the row does not name
    silentLog.write('partWorks', { part: 'a pass', instance: 'meet' });
    expect(silentLog.isWritten('stopped')).toBe(false);
  });
});
