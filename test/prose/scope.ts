/** Files and folders that `npm run lint` skips because they have findings. Remove an entry when its findings are fixed. */
export const notYetClean: readonly string[] = [
  'CHANGELOG.md',
  'README.md',
  'docs',
  'test/README.md',
  'test/attack',
  'test/bench',
  'test/demo',
  'test/e2e',
  'test/endurance',
  'test/golden',
  'test/integration',
  'test/machine',
  'test/observability',
  'test/page',
  'test/providers',
  'test/setup',
  'test/support',
  'test/unit',
];

/** Rendered templates, whose comments are golden bytes, and files that quote bad examples. */
export const exempt: readonly RegExp[] = [/^test\/prose\/rules\.ts$/u, /^test\/unit\/prose\//u, /\.eta$/u];

/** Files with a reader in lint-file.ts. */
export const readable = /\.(?:md|ts|mts|mjs|sh)$|^(?:Dockerfile|compose.*\.yml)$|(?:^|\/)Dockerfile$/u;
