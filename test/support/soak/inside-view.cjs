/**
 * Preloaded into the command by the soak (NODE_OPTIONS=--require): answers, on a unix socket of the test's, how the process
 * looks from inside. `/collected` collects the garbage first, so that what is left is held by somebody.
 */
'use strict';

const { createServer } = require('node:http');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** Compiled code goes too: it comes with use for hours, and says nothing about what is held. */
function collect() {
  setFlagsFromString('--stress-flush-code');
  // Twice: what the first one finalizes, the second one frees.
  [1, 2].forEach(() => collectGarbage());
  setFlagsFromString('--no-stress-flush-code');
}

const server = createServer((request, response) => {
  if (request.url === '/collected') collect();
  const resources = process.getActiveResourcesInfo();
  response.end(
    JSON.stringify({
      heapUsed: process.memoryUsage().heapUsed,
      timers: resources.filter((name) => name === 'Timeout').length,
      others: resources.filter((name) => name !== 'Timeout').length,
    }),
  );
});
server.listen(process.env['SOAK_VIEW_SOCKET']);
server.unref();
