/** A TCP relay between two processes that a test can cut, as a network would fail. */
import net from 'node:net';

export interface Cable {
  readonly port: number;
  /** Drops every connection and refuses new ones until `mend`. */
  cut(): void;
  /** Accepts connections again. */
  mend(): void;
  close(): Promise<void>;
}

/** Starts a relay on a free port of 127.0.0.1 that passes connections on to `targetPort`. */
export async function layCable(targetPort: number): Promise<Cable> {
  let whole = true;
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = net.createServer((near) => {
    if (!whole) {
      near.resetAndDestroy();
      return;
    }
    const far = net.connect(targetPort, '127.0.0.1');
    keep(near);
    keep(far);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');

  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cut: () => {
      whole = false;
      drop();
    },
    mend: () => {
      whole = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        drop();
      }),
  };
}
