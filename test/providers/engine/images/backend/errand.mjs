// Replaces the Python script of src/doctor/collect/backend-self-test.ts, since this image has no Python.
import { get } from 'node:http';
import { connect } from 'node:net';

const { names, namesPort, nameSeconds, heartbeatSeconds, path, port, host } = JSON.parse(process.argv[2] ?? '');
const noAnswer = 'no answer in time';

function within(limitMs, begin) {
  return new Promise((resolve) => {
    setTimeout(() => resolve(noAnswer), limitMs).unref();
    begin(resolve);
  });
}

const reach = (name) =>
  within(nameSeconds * 1000, (resolve) => {
    const socket = connect(namesPort, name, () => resolve('open'));
    socket.on('error', ({ syscall, code }) => resolve(syscall === 'getaddrinfo' ? 'no address for the name' : code));
  });
const heartbeat = within(heartbeatSeconds * 1000, (resolve) => {
  const headers = { host, 'x-forwarded-proto': 'https' };
  get({ host: '127.0.0.1', port, path, headers }, ({ statusCode }) => resolve(statusCode)).on('error', ({ code }) =>
    resolve(code === 'ECONNREFUSED' ? 'refused' : noAnswer),
  );
});
const roads = await Promise.all(names.map(async (name) => [name, await reach(name)]));
process.stdout.write(`${JSON.stringify({ names: Object.fromEntries(roads), heartbeat: await heartbeat })}\n`, () => process.exit(0));
