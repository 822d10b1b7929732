/**
 * The first sentences of 40 paragraphs and comments, drawn at random from README files, documentation and declarations
 * that these packages ship.
 */
export const plainEnglish: readonly (readonly [source: string, text: string])[] = [
  ['tinyexec', 'An abort signal can be passed to a process in order to abort it at a later time.'],
  ['knip', 'Knip finds and fixes unused dependencies, exports and files in your JavaScript and TypeScript projects.'],
  ['esbuild', 'This is a JavaScript bundler and minifier.'],
  [
    'tinyexec',
    "For example, if you'd like write scripts rather than individual commands, and prefer to use templating, we'd definitely recommend zx.",
  ],
  ['zod', 'Given any Zod schema, use `code` to validate an input.'],
  ['commander', 'Get an array of the visible global options.'],
  ['ipaddr.js', 'Parses the string and returns an `code` object.'],
  [
    'debug',
    'The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.',
  ],
  ['docker-modem', 'It is the module powering (network wise) dockerode and other modules.'],
  ['docker-modem', 'Check dockerode tests, which is indirectly co-testing `code`.'],
  ['docker-modem', 'Amazing entities that sponsor my open-source work.'],
  [
    'yaml',
    'The API provided by `code` has three layers, depending on how deep you need to go: Parse & Stringify, Documents, and the underlying Lexer/Parser/Composer.',
  ],
  ['vitest', 'Next generation testing framework powered by Vite.'],
  [
    'docker-modem',
    'Licensed under the Apache license, version 2.0 (the `code`); You may not use this file except in compliance with the license.',
  ],
  ['eta', 'Eta is a lightweight and blazing fast embedded JS templating engine that works inside Node, Deno, and the browser.'],
  ['debug', 'The `code` character may be used as a wildcard.'],
  ['chokidar', 'Made for Brunch in 2012, it is now used in ~30 million repositories and has proven itself in production environments.'],
  ['axe-core', 'See backward compatibility for details on the types of changes different releases may introduce.'],
  ['eta', 'Syntax and some parts of compilation are heavily based off EJS, Nunjucks, and doT.'],
  ['undici-types', 'Dumps the response body by reading `code` number of bytes.'],
  ['ipaddr.js', 'Parses an IPv6 CIDR address and returns `code`.'],
  [
    'vite',
    'A dev server that provides rich feature enhancements over native ES modules, for example extremely fast Hot Module Replacement (HMR).',
  ],
  ['@types/node', 'Asynchronous realpath(3) - return the canonicalized absolute pathname.'],
  ['fast-check', 'For more details, refer to the documentation in the links above.'],
  ['diff', 'Based on the algorithm proposed in `code` (Myers, 1986).'],
  ['fast-check', 'Integration with other test frameworks: ava, jasmine, jest, mocha and tape.'],
  ['readdirp', 'First argument is awalys `code`, path in which to start reading and recursing into subdirectories.'],
  ['zod', "Schemas with async refinements or transforms can't be compiled, and neither can a few other constructs."],
  ['knip', 'Knip is free and open-source software licensed under the ISC License.'],
  ['diff', 'Returns a JSON object representation of the patch, suitable for use with the `code` method.'],
  ['axe-core', 'Sign up for axe news to get the latest on axe features, future releases, and events.'],
  ['readdirp', 'Faster than built-in `code`, and uses less RAM.'],
  ['tinyexec', 'Whether the process has been aborted or not (via the `code` originally passed in the options object).'],
  [
    'yaml',
    'The minimum supported TypeScript version of the included typings is 3.9; for use in earlier versions you may need to set `code` in your config.',
  ],
  ['ipaddr.js', 'The zone ID string for link-local addresses, or `code` if absent.'],
  ['tinyexec', 'By default, tinyexec does not throw on non‑zero exit codes.'],
  ['ipaddr.js', 'Parses an IPv4 CIDR address and returns `code`.'],
  ['diff', 'Return an array representing the transformation computed in the previous step as a series of change objects.'],
  ['vite', 'In addition, Vite is highly extensible via its Plugin API and JavaScript API with full typing support.'],
  ['undici-types', 'Invoked when response payload data is received.'],
];
