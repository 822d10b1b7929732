/** An event as `GET /events` prints it: one JSON object per line. */
export interface FakeEvent {
  readonly Type: 'container' | 'network' | 'service' | 'node';
  /** Also has the result of `health_status: healthy`, or the command of `exec_create: …`. */
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local' | 'swarm';
  /** Only Podman has this field. */
  readonly HealthStatus?: string | undefined;
  readonly time: number;
  readonly timeNano: number;
}

/**
 * The filters of a query in either of the engine's forms: `{"type":["container"]}`, or `{"type":{"container":true}}`
 * (older).
 */
export type FakeFilters = ReadonlyMap<string, readonly string[]>;

/** Reads the `filters` parameter. */
export function readFilters(text: string | null): FakeFilters {
  const parsed = JSON.parse(text ?? '{}') as Readonly<Record<string, readonly string[] | Readonly<Record<string, boolean>>>>;
  return new Map(
    Object.entries(parsed).map(([name, values]) => [name, Array.isArray(values) ? (values as readonly string[]) : Object.keys(values)]),
  );
}

/** Whether an event passes the filters. Actions match by prefix if a filter has details (moby, events/filter.go). */
export function passesFilters(event: FakeEvent, filters: FakeFilters): boolean {
  const types = filters.get('type');
  const actions = filters.get('event');
  const byPrefix = actions?.some((action) => ['health_status', 'exec_create', 'exec_start'].includes(action)) ?? false;
  return (
    (types === undefined || types.includes(event.Type)) &&
    (actions === undefined || actions.some((action) => (byPrefix ? event.Action.startsWith(action) : event.Action === action)))
  );
}

/** Whether labels pass the `label` filters, `key` or `key=value`. */
export function hasLabels(labels: Readonly<Record<string, string>>, filters: FakeFilters): boolean {
  return (filters.get('label') ?? []).every((wanted) => {
    const [key = '', ...value] = wanted.split('=');
    return value.length === 0 ? labels[key] !== undefined : labels[key] === value.join('=');
  });
}

/** Whether a health passes the `health` filters. Several filters are alternatives. */
export function hasHealth(health: string, filters: FakeFilters): boolean {
  return filters.get('health')?.includes(health) ?? true;
}

/** Whether an id passes the `id` filters: the whole id or its beginning. Several filters are alternatives. */
export function hasId(id: string, filters: FakeFilters): boolean {
  const wanted = filters.get('id');
  return wanted === undefined || wanted.some((start) => id.startsWith(start));
}
