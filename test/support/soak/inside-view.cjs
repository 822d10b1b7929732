/**
 * Preloaded into the command by the soak (NODE_OPTIONS=--require). A unix socket of the test answers how the process
 * looks from inside. `/collected` collects the garbage first, so that the rest is really in use.
 */
'use strict';

const { createServer } = require('node:http');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** Also drops compiled code: it grows with use for hours, and isn't a leak. */
function collect() {
  setFlagsFromString('--stress-flush-code');
  // Twice: the second collection frees what the first finalizes.
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
