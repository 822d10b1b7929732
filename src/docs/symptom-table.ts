/** The usual symptoms, from the whole of Meet's side: what it is, and which of meet-gen's own words tell it. */
export const symptomTable: readonly (readonly [symptom: string, meaning: string, toldBy: string])[] = [
  [
    '502 on all routes',
    'Nobody listens on 8083 in the frontend: the stub is missing, or the template directory of the image was used (`conf.d is not writable` in its log).',
    "`reload-unverified`: the status server doesn't answer; mount the stub at `/etc/nginx/conf.d/routing.conf`.",
  ],
  [
    '503 on all routes',
    "nginx runs with the stub, but has read no routes yet: meet-gen isn't running, or publishes elsewhere.",
    'Its log: can it see the engine (`engine-unreachable`), may it write (`publish-failed`)? `reload-rejected` when nginx refuses the file.',
  ],
  [
    '503 with `Retry-After` on `/api`',
    'No backend is in rotation; or, for GET and HEAD, the backend closed the connection without an answer.',
    '`explain /api/v1.0/config/` lists each backend with its state and the reason. Where one is in rotation, see its log.',
  ],
  [
    'API returns 301 in a loop',
    '`X-Forwarded-Proto: https` is missing: Django redirects to https.',
    'Hard-coded by meet-gen. Only `meet.forwarded-proto=forward` changes it: remove that label.',
  ],
  [
    'Login redirects to Keycloak but fails',
    "The backend can't reach the public names of Keycloak and LiveKit.",
    '`doctor` has the backend itself try both names, and checks `extra_hosts`.',
  ],
  [
    'Every login ends with an error 500',
    "PostgreSQL or Redis doesn't run, hangs, or was started with another password. Health check and pages need neither.",
    '`doctor` looks at what the backend depends on, and asks its `/__heartbeat__`.',
  ],
  [
    'All is live, but visitors get other routes',
    "Another server on 8083 answers in place of meet-gen's. The template of Meet's own compose file renders such a server.",
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
    'nginx refuses it: a template of your own, a snippet in its way, a port taken. The last good routes go on being served, with the current addresses.',
    "`reload-rejected` with nginx's words, `route-left-out` with the paths; [docs/refused-reloads.md](refused-reloads.md).",
  ],
  [
    'My route is missing',
    'A label is misspelt, the container shares no network with the frontends, another service has the path, …',
    '`docker compose exec meet-gen meet-gen explain /the/path` says who answers, and who may have been meant: [docs/explain.md](explain.md). Also `docker compose logs meet-gen`: one line per problem, with the container, why, and the cure. All codes: [docs/problems.md](problems.md).',
  ],
];
