import type { LogField, LogMessageName, logMessages } from './log-messages.ts';

/** The log: each line is one of the table's messages, with the fields that the table names. */
export interface Log {
  write<Name extends LogMessageName>(name: Name, ...fields: LineFields<Name>): void;
  /** Whether the level that the operator chose lets these lines through. */
  isWritten(name: LogMessageName): boolean;
}

type Row<Name extends LogMessageName> = (typeof logMessages)[Name];
type RequiredField<Name extends LogMessageName> = Row<Name>['fields'][number];
type OptionalField<Name extends LogMessageName> =
  Row<Name> extends { readonly optional: readonly (infer Field extends LogField)[] } ? Field : never;

/** One object; for a message that has no fields, no argument. */
type LineFields<Name extends LogMessageName> = [RequiredField<Name>] extends [never]
  ? []
  : [fields: Readonly<Record<RequiredField<Name>, unknown>> & Readonly<Partial<Record<OptionalField<Name>, unknown>>>];

/** A log that drops every line. */
export const silentLog: Log = { write: () => undefined, isWritten: () => false };
