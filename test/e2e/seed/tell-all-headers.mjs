// Loaded before the backend's stand-in. Each answer then has all headers of its request, as X-Seen-All.
import { Server } from 'node:http';

const { emit } = Server.prototype;
Server.prototype.emit = function addSeenHeaders(event, ...args) {
  const [request, response] = args;
  if (event === 'request') response.setHeader('X-Seen-All', encodeURIComponent(JSON.stringify(request.headers)));
  return emit.call(this, event, ...args);
};
