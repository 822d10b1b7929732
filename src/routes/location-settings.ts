import type { Service } from '../model/instance.ts';
import type { Route } from './ownership.ts';
import { oneOf, optional, text } from './shape.ts';
import type { Check } from './shape.ts';

/** The labels of a location: the service's labels, overridden by the labels of a named route. */
type LocationLabels = Service['labels'] & Partial<NonNullable<Route['named']>>;

/** The defaults for every location without settings of its own. */
export const serverDefaults = { bodySize: '100M', readTimeout: '300s', connectTimeout: '2s' };

interface LocationSetting<Value> {
  /** For a value that is read back from a file. */
  readonly check: Check;
  /** Returns undefined where the server's own setting applies. */
  readonly decide: (labels: LocationLabels, server: typeof serverDefaults) => Value | undefined;
  /** Says how the service is asked, so that it also holds in the named location for fresh connections, which inherits nothing. */
  readonly isOfService?: true;
}

function setting<Value>(row: LocationSetting<Value>): LocationSetting<Value> {
  return row;
}

/** A WebSocket may well be silent for longer than an answer takes. */
const websocketReadTimeout = '1h';

/** The settings of a location that labels decide; `templates/routing.conf.eta` prints them. */
const locationSettings = {
  readTimeout: setting({
    check: text,
    isOfService: true,
    decide: ({ readTimeout, websocket }, server) =>
      unlike(server.readTimeout, readTimeout ?? (websocket === true ? websocketReadTimeout : undefined)),
  }),
  connectTimeout: setting({
    check: text,
    isOfService: true,
    decide: ({ connectTimeout }, server) => unlike(server.connectTimeout, connectTimeout),
  }),
  bodySize: setting({ check: text, decide: ({ bodySize }, server) => unlike(server.bodySize, bodySize) }),
  /** A connection may become a WebSocket. */
  websocket: setting({ check: oneOf(true), decide: ({ websocket }) => (websocket === true ? websocket : undefined) }),
  /** Absent for http. */
  proto: setting({ check: oneOf('https'), isOfService: true, decide: ({ proto }) => (proto === 'https' ? proto : undefined) }),
};

type Rows = typeof locationSettings;

/** The settings that differ from the server's own. */
export type LocationSettings = {
  readonly [Name in keyof Rows]?: Exclude<ReturnType<Rows[Name]['decide']>, undefined>;
};

/** Decides the settings of a location. */
export function settingsFor(labels: LocationLabels, server: typeof serverDefaults): LocationSettings {
  const decided = Object.entries(locationSettings).map(([name, { decide }]) => [name, decide(labels, server)] as const);
  return Object.fromEntries(decided.filter(([, value]) => value !== undefined));
}

/** How each setting is checked in a file that is read back. */
export const settingChecks = Object.fromEntries(Object.entries(locationSettings).map(([name, { check }]) => [name, optional(check)])) as {
  readonly [Name in keyof Rows]: Check;
};

/** The settings that go with a request into the named location for fresh connections. */
export const serviceSettings = (Object.keys(locationSettings) as (keyof Rows)[]).filter((name) => 'isOfService' in locationSettings[name]);

function unlike(usual: string, value: string | undefined): string | undefined {
  return value === usual ? undefined : value;
}
