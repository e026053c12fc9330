/** An HTTP proxy that opens tunnels, for the agent's tests; the test's end closes it. */
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TestProxy {
  readonly port: number;
  /** Each request: its method, the address that it asks for, and its credentials. */
  readonly asked: string[];
}

/**
 * A proxy that opens a tunnel to `port` of this machine whatever is asked for, or answers each request with `refusal`, ''
 * for never. `host`: where it listens.
 */
export async function startProxy(port: number, refusal?: string, host = '127.0.0.1'): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end();
  });
  proxy.on('connect', (request, client: Socket) => {
    asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    sockets.add(client);
    client.on('error', () => undefined);
    if (refusal !== undefined) return void (refusal === '' || client.end(refusal));
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, host, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
    proxy.closeAllConnections();
  });
  const address: AddressInfo | string | null = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, asked };
}
