/** The usual symptoms of a Meet: the cause, and where meet-gen shows it. */
export const symptomTable: readonly (readonly [symptom: string, cause: string, shownBy: string])[] = [
  [
    '502 on all routes',
    'No server listens on 8083 in the frontend. The stub is missing, or the image could not write it (`conf.d is not writable` in its log).',
    "`reload-unverified`: the status server doesn't answer. Mount the stub at `/etc/nginx/conf.d/routing.conf`.",
  ],
  [
    '503 on all routes',
    "nginx has the stub, but no routes: meet-gen doesn't run, or publishes elsewhere.",
    "meet-gen's log: the engine can't be reached (`engine-unreachable`), the file can't be written (`publish-failed`), or nginx refuses it (`reload-rejected`).",
  ],
  [
    '503 with `Retry-After` on `/api`',
    'No backend is in rotation. For GET and HEAD, also: the backend closed the connection without an answer.',
    '`explain /api/v1.0/config/` lists each backend with its state and the reason. If one is in rotation, read its log.',
  ],
  [
    'API returns 301 in a loop',
    'Django gets no `X-Forwarded-Proto: https`, and redirects to https.',
    'meet-gen always sends it, except with the label `meet.forwarded-proto=forward`: remove that label.',
  ],
  [
    'Login redirects to Keycloak but fails',
    "The backend can't reach the public names of Keycloak and LiveKit.",
    '`doctor` tries both names from inside the backend, and checks `extra_hosts`.',
  ],
  [
    'Every login ends with an error 500',
    "PostgreSQL or Redis doesn't run, hangs, or has another password. The health check and the pages work without both.",
    '`doctor` checks what the backend depends on, and asks its `/__heartbeat__`.',
  ],
  [
    'meet-gen shows all routes as live, but visitors get other routes',
    "Another server on 8083 answers instead of meet-gen's. The template of Meet's own compose file renders such a server.",
    '`doctor` names the file, the server and the mount to remove (`rival-server`).',
  ],
  ["API answers the SPA's HTML", 'nginx-proxy sends requests to 8080 instead of 8083.', '`doctor` finds it. Set `VIRTUAL_PORT=8083`.'],
  [
    "`/jwks` answers the SPA's HTML, uploads of 2 MB get 413, a stopped replica makes requests hang",
    "Another server in the frontend's nginx has the routing port. Meet's official compose mounts `default.conf.template`, and the image writes `conf.d/docs.conf` from it.",
    '`shadowed` names the file and the server. Remove the mount at `/etc/nginx/templates`.',
  ],
  [
    "A change doesn't go live",
    'nginx refuses it: a template of your own, a snippet in its way, a port in use. nginx serves the last good routes, with the current addresses.',
    '`reload-rejected` has the error of nginx, `route-left-out` the paths: [when nginx refuses](refused-reloads.md).',
  ],
  [
    'My route is missing',
    'A label is misspelt, the container shares no network with the frontends, another service has the path, …',
    '`docker compose exec meet-gen meet-gen explain /the/path` shows the answering service, and services with similar paths: [explain](explain.md). `docker compose logs meet-gen` has each problem with its cure: [all codes](problems.md).',
  ],
];
