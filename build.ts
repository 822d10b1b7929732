/** Bundles the command into one file, `dist/meet-gen.js`, without what dockerode brings along for building images. */
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** BuildKit sessions (grpc, protobuf), archives and SSH: never called by meet-gen, most of the bundle otherwise. */
const neverCalled = /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs|@balena\/dockerignore|ssh2)$/;

const leaveOut: Plugin = {
  name: 'leave-out',
  setup(bundler) {
    bundler.onResolve({ filter: neverCalled }, ({ path }) => ({ path, namespace: 'left-out' }));
    bundler.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `const refuse = () => { throw new Error(${JSON.stringify(`${path} is not part of this build`)}); }; module.exports = new Proxy(refuse, { get: () => refuse });`,
    }));
  },
};

await build({
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/meet-gen.js',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  minifySyntax: true,
  legalComments: 'none',
  define: { MEET_GEN_VERSION: JSON.stringify(version) },
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  plugins: [leaveOut],
  logLevel: 'warning',
});
