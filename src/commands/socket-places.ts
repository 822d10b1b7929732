import { dirname } from 'node:path';
import { statusSockets } from '../publish/out-directory.ts';
import { makePrivateFolder } from '../publish/private-folder.ts';
import type { SocketPlace } from '../server/server.ts';

/** The sockets that the other commands ask. @param out the value of `--out` */
export async function socketPlaces(out: string): Promise<readonly SocketPlace[]> {
  return (await statusSockets(out)).map((socket) => ({ path: socket, makeRoom: () => makePrivateFolder(dirname(socket)) }));
}
