/**
 * Bundles the command into `dist/meet-gen.js`, without the parts of dockerode and pino that meet-gen never uses. A package
 * that only some runs use gets a file of its own. The files are CommonJS: an ES module's import of a builtin evaluates
 * all of its exports. `node:http` then loads undici, which costs memory while the sidecar runs (docs/performance.md).
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** BuildKit sessions (grpc, protobuf), archives, SSH and threads: never called by meet-gen, most of the bundle otherwise. */
const neverCalled = /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs|@balena\/dockerignore|ssh2|thread-stream)$/;
/** Builtins that packages require at the start and use later, or never: TLS alone is several megabytes. */
const usedLater = /^(node:)?(https|tls|zlib|child_process|assert)$/;
/** The package with a file of its own, which the sidecar reads only for its pretty log. */
const apart = 'pino-pretty';
/** Only asked whether this is the main thread, which it always is. */
const threads = /^(node:)?worker_threads$/;

/** docker-modem writes out every request it makes for a debug line that can't be switched on here: a millisecond each time. */
const debugLine = /debug\('Sending: %s', util\.inspect\([^;]*\);/;

/**
 * docker-modem follows redirects: to any address that an answer names, and with an uncaught error if that isn't http(s).
 * Node's own modules don't, so a redirect is an answer like any other that isn't 200.
 */
const followsRedirects = /docker-modem[/\\]lib[/\\]http\.js$/;

const require = createRequire(import.meta.url);

/** A builtin that is loaded when something of it is used. */
function loadedLater(name: string): string {
  const builtin = require(name) as object;
  return `
    const load = () => require(${JSON.stringify(`${name}?now`)});
    const later = ${typeof builtin === 'function' ? '(...args) => load()(...args)' : '{}'};
    for (const key of ${JSON.stringify(Object.keys(builtin))}) Object.defineProperty(later, key, { enumerable: true, get: () => load()[key] });
    module.exports = later;`;
}

const slim: Plugin = {
  name: 'slim',
  setup(bundler) {
    bundler.onResolve({ filter: neverCalled }, ({ path }) => ({ path, namespace: 'left-out' }));
    bundler.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `const refuse = () => { throw new Error(${JSON.stringify(`${path} is not part of this build`)}); }; module.exports = new Proxy(refuse, { get: () => refuse });`,
    }));
    bundler.onResolve({ filter: usedLater }, ({ path }) => ({ path, namespace: 'later' }));
    bundler.onResolve({ filter: /\?now$/ }, ({ path }) => ({ path: path.slice(0, -'?now'.length), external: true }));
    bundler.onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({ contents: loadedLater(path) }));
    bundler.onResolve({ filter: new RegExp(`^${apart}$`) }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: `./${path}.js`, external: true },
    );
    bundler.onLoad({ filter: /docker-modem[/\\]lib[/\\]modem\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!debugLine.test(text))
        throw new Error(`${path} has no debug line any more that writes out the request: take its removal out of build.ts`);
      return { contents: text.replace(debugLine, '') };
    });
    bundler.onLoad({ filter: followsRedirects }, () => ({
      contents: "module.exports = { http: require('http'), get https() { return require('https'); } };",
    }));
    bundler.onResolve({ filter: threads }, ({ path }) => ({ path, namespace: 'threads' }));
    bundler.onLoad({ filter: /.*/, namespace: 'threads' }, () => ({ contents: 'module.exports = { isMainThread: true };' }));
  },
};

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { 'meet-gen': 'src/main.ts', [apart]: apart },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: { MEET_GEN_VERSION: JSON.stringify(version), 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [slim],
  logLevel: 'warning',
});
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');
