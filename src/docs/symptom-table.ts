/** The usual symptoms of a Meet: cause, and how meet-gen shows it. */
export const symptomTable: readonly (readonly [symptom: string, meaning: string, shownBy: string])[] = [
  [
    '502 on all routes',
    'No server listens on 8083 in the frontend. The stub is missing, or the template directory of the image was used (`conf.d is not writable` in its log).',
    "`reload-unverified`: the status server doesn't answer; mount the stub at `/etc/nginx/conf.d/routing.conf`.",
  ],
  [
    '503 on all routes',
    "nginx runs with the stub, but has not read any routes: meet-gen isn't running, or publishes elsewhere.",
    "meet-gen's log: `engine-unreachable`, `publish-failed`, or `reload-rejected` when nginx refuses the file.",
  ],
  [
    '503 with `Retry-After` on `/api`',
    'No backend is in rotation; or, for GET and HEAD, the backend closed the connection without an answer.',
    '`explain /api/v1.0/config/` lists each backend with its state and the reason. If a backend is in rotation, read its log.',
  ],
  [
    'API returns 301 in a loop',
    '`X-Forwarded-Proto: https` is missing: Django redirects to https.',
    'meet-gen always sends it, unless the label `meet.forwarded-proto=forward` is set: remove that label.',
  ],
  [
    'Login redirects to Keycloak but fails',
    "The backend can't reach the public names of Keycloak and LiveKit.",
    '`doctor` lets the backend try both names, and checks `extra_hosts`.',
  ],
  [
    'Every login ends with an error 500',
    "PostgreSQL or Redis doesn't run, hangs, or has another password. The health check and the pages work without them.",
    "`doctor` checks the backend's dependencies, and asks its `/__heartbeat__`.",
  ],
  [
    'meet-gen reports all routes as live, but visitors get other routes',
    "Another server on 8083 answers instead of meet-gen's. The template in Meet's own compose file creates such a server.",
    '`doctor` names the file, the server and the mount to remove (`rival-server`).',
  ],
  ["API answers the SPA's HTML", 'nginx-proxy sends requests to 8080 instead of 8083.', '`doctor` finds it; set `VIRTUAL_PORT=8083`.'],
  [
    "`/jwks` answers the SPA's HTML, uploads of 2 MB get 413, a stopped replica makes requests hang",
    "Another server of the frontend's nginx has the routing port: Meet's official compose mounts `default.conf.template`, from which the image writes `conf.d/docs.conf`.",
    '`shadowed` names the file and the server; remove the mount at `/etc/nginx/templates`.',
  ],
  [
    "A change doesn't go live",
    'nginx refuses the change: because of your template, a conflicting snippet, or a used port. nginx goes on serving the last good structure with current addresses.',
    "`reload-rejected` with nginx's reason, `route-left-out` with the paths; [docs/refused-reloads.md](refused-reloads.md).",
  ],
  [
    'My route is missing',
    'For example: a label is misspelt, the container shares no network with the frontends, or another service has the path.',
    '`docker compose exec meet-gen meet-gen explain /the/path` shows the answering service, and services with similar paths: [docs/explain.md](explain.md). `docker compose logs meet-gen` has one line per problem, with container, reason and cure. All codes: [docs/problems.md](problems.md).',
  ],
];
