import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { waitUntil } from './wait-until.ts';

/** A TLS server in the place of an engine. */
export interface TlsFront {
  readonly port: number;
  /** The number of bytes received over TLS. */
  receivedBytes(): number;
  close(): Promise<void>;
}

/**
 * A TLS front for an engine's unix socket, like `dockerd --tlsverify`: refuses clients without a certificate of the
 * authority.
 */
export async function startTlsFront(socketPath: string, certificate: string, caFile: string, port = 0): Promise<TlsFront> {
  const [cert, key, ca] = [join(certificate, 'cert.pem'), join(certificate, 'key.pem'), caFile].map((file) => readFileSync(file));
  let heard = 0;
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (outer) => {
    const inner = connect(socketPath);
    outer.on('data', (chunk: Buffer) => (heard += chunk.length));
    for (const [one, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    outer.pipe(inner).pipe(outer);
    open.add(outer);
  });
  const open = new Set<{ destroy(): unknown }>();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    receivedBytes: () => heard,
    async close() {
      for (const connection of open) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Refuses clients' certificates by a TLS alert, as servers in Go do and Node doesn't. */
export async function startRefusingTlsServer(certificate: string, caFile: string): Promise<TlsFront> {
  const files = ['-cert', join(certificate, 'cert.pem'), '-key', join(certificate, 'key.pem'), '-CAfile', caFile];
  const server = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-Verify', '1', '-verify_return_error', ...files], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const port = await waitUntil('openssl listens', () => /^ACCEPT 127\.0\.0\.1:(\d+)$/m.exec(output)?.[1]);
  return {
    port: Number(port),
    receivedBytes: () => 0,
    async close() {
      server.kill();
      await new Promise((resolve) => (server.exitCode === null ? server.on('exit', resolve) : resolve(undefined)));
    },
  };
}
