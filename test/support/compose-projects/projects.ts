import type { ComposeProject, ComposeService } from '../../../src/source/compose/resolved-project.ts';

/** A compose project's files, and the project that Compose resolves from them. Both releases give the same result. */
interface ProjectCase {
  /** By path in the project's folder. */
  readonly files: Readonly<Record<string, string>>;
  /** The value of `-f`. By default, Compose finds the file. */
  readonly file?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly resolved: Omit<ComposeProject, 'services'> & { readonly services: readonly Partial<ComposeService>[] };
}

/** Constructions from real files, on which an earlier parser of meet-gen failed. */
export const projectCases: Readonly<Record<string, ProjectCase>> = {
  'values of .env': {
    files: {
      '.env': [
        'BASE=example.org # of all names',
        'export MEET_HOST=meet.${BASE}',
        'QUOTED="more.${BASE},a b"',
        "SINGLE='not.${BASE}'",
        'NET=net-of-${BASE}',
      ].join('\n'),
      'compose.yml': `
name: meet
services:
  frontend:
    image: frontend
    labels:
      meet.role: frontend
      meet.host: \${MEET_HOST}
      quoted: \${QUOTED}
      single: \${SINGLE}
      nested: \${A:-\${B:-x}}
      deep: \${A:-\${B:-\${BASE}}}
      dollars: 50$$ $\${BASE} $$$$
      $$key: x
    networks: [default, proxy]
networks:
  proxy:
    name: \${NET}
    external: true
`,
    },
    resolved: {
      name: 'meet',
      networks: ['meet_default', 'net-of-example.org'],
      services: [
        {
          name: 'frontend',
          labels: {
            'meet.role': 'frontend',
            'meet.host': 'meet.example.org',
            quoted: 'more.example.org,a b',
            single: 'not.${BASE}',
            nested: 'x',
            deep: 'example.org',
            dollars: '50$ ${BASE} $$',
            $$key: 'x',
          },
          networks: ['meet_default', 'net-of-example.org'],
        },
      ],
    },
  },
  'extends, include, an override and label_file': {
    files: {
      'compose.yml': `
name: meet
include: [more/compose.yml]
services:
  backend:
    extends: { file: base.yml, service: django }
    labels: [meet.weight=2]
`,
      'compose.override.yml': 'services:\n  backend:\n    labels:\n      meet.port: 8001\n    scale: 2\n',
      'base.yml': 'services:\n  django:\n    image: backend\n    labels: { meet.role: backend, meet.weight: 1 }\n',
      'more/compose.yml': 'services:\n  frontend:\n    image: frontend\n    label_file: labels\n',
      'more/labels': 'meet.role=frontend\nmeet.host=${HOST:-meet.example.com}\n',
    },
    resolved: {
      name: 'meet',
      networks: ['meet_default'],
      services: [
        { name: 'backend', labels: { 'meet.role': 'backend', 'meet.weight': '2', 'meet.port': '8001' }, replicas: 2 },
        { name: 'frontend', labels: { 'meet.role': 'frontend', 'meet.host': 'meet.example.com' }, replicas: 1 },
      ],
    },
  },
  profiles: {
    files: {
      'compose.yml': `
name: meet
services:
  always: { image: x }
  asked: { image: x, profiles: [asked] }
  never: { image: x, profiles: [never] }
`,
    },
    env: { COMPOSE_PROFILES: 'asked' },
    resolved: { name: 'meet', networks: ['meet_default'], services: [{ name: 'always' }, { name: 'asked' }] },
  },
  'a file with its own name, in another folder': {
    files: {
      'elsewhere/-my meet.yml':
        'services:\n  frontend:\n    image: x\n    container_name: ${N:-mine}\n    labels:\n      count: 2\n      yes: true\n      nothing:\n',
      'elsewhere/.env': 'N=ours\n',
    },
    file: 'elsewhere/-my meet.yml',
    resolved: {
      name: 'elsewhere',
      networks: ['elsewhere_default'],
      services: [{ name: 'frontend', containerName: 'ours', labels: { count: '2', yes: 'true', nothing: '' } }],
    },
  },
  networks: {
    files: {
      'compose.yml': `
name: meet
services:
  a:
    image: x
    networks: [default, plain, named, outside, older]
  b: { image: x, networks: { plain: { aliases: [y] }, named: } }
  c: { image: x }
networks:
  default: { name: shared }
  plain:
  named: { name: "\${N:-real}" }
  outside: { external: true }
  older: { external: { name: other } }
`,
    },
    resolved: {
      name: 'meet',
      networks: ['shared', 'real', 'other', 'outside', 'meet_plain'],
      services: [
        { name: 'a', networks: ['shared', 'real', 'other', 'outside', 'meet_plain'] },
        { name: 'b', networks: ['real', 'meet_plain'] },
        { name: 'c', networks: ['shared'] },
      ],
    },
  },
  'replicas, ports and network modes': {
    files: {
      'compose.yml': `
name: meet
services:
  both: { image: x, scale: 3, deploy: { replicas: 3 } }
  deployed: { image: x, deploy: { replicas: 2 }, network_mode: host }
  everywhere: { image: x, deploy: { mode: global }, network_mode: none }
  gone: { image: x, scale: 0, network_mode: bridge }
  left: { image: x, deploy: { replicas: 0 }, network_mode: "service:ports" }
  ports:
    image: x
    ports:
      - "8083"
      - "127.0.0.1:9000-9002:7000-7002"
      - "53:5353/udp"
      - { target: 8443, published: "443", protocol: tcp }
      - "5000:5000/sctp"
    expose: ["8000-8002/tcp", "9000/udp", 3000, "3100-3101", "8083"]
`,
    },
    resolved: {
      name: 'meet',
      networks: ['meet_default'],
      services: [
        { name: 'both', replicas: 3, networkMode: '' },
        { name: 'deployed', replicas: 2, networkMode: 'host', networks: [] },
        { name: 'everywhere', replicas: 1, networkMode: 'none' },
        { name: 'gone', replicas: 0, networkMode: 'bridge' },
        { name: 'left', replicas: 0, networkMode: 'service:ports' },
        { name: 'ports', tcpPorts: [3000, 3100, 3101, 7000, 7001, 7002, 8000, 8001, 8002, 8083, 8443] },
      ],
    },
  },
};

/** Files that Compose refuses, with a part of its error message. */
export const refusedCases: Readonly<Record<string, { readonly file: string; readonly words: string }>> = {
  'a variable whose brace is never closed': {
    file: 'services: { a: { image: "${X" } }',
    words: 'invalid interpolation format for services.a.image',
  },
  'a required variable': { file: 'services: { a: { image: "${X:?give it}" } }', words: 'give it' },
  'two numbers of replicas': { file: 'services: { a: { image: x, scale: 2, deploy: { replicas: 3 } } }', words: 'distinct values' },
  'network modes that depend on each other': {
    file: 'services: { a: { image: x, network_mode: "service:b" }, b: { image: x, network_mode: "service:a" } }',
    words: 'cycle',
  },
  'no YAML': { file: 'services: [', words: 'yaml' },
};
