// Loaded before the backend stand-in: each answer also tells every header of its request, as X-Seen-All.
import { Server } from 'node:http';

const { emit } = Server.prototype;
Server.prototype.emit = function tellAll(event, ...args) {
  const [request, response] = args;
  if (event === 'request') response.setHeader('X-Seen-All', encodeURIComponent(JSON.stringify(request.headers)));
  return emit.call(this, event, ...args);
};
