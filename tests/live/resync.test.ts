/** The page's own live client and the live server, with a relay between that can lose messages. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { dialServer } from '../../web/src/live/dial.ts';
import { Link } from '../../web/src/live/link.ts';
import { unframe } from './frames.ts';
import { COOKIE, openStage, ORIGIN, type Stage } from './stage.ts';

let stage: Stage;
let relay: Server;
let link: Link;
const sockets = new Set<Socket>();
/** Whether the relay drops this message of the server. */
let isLost: (text: string) => boolean;

/** The upgrade request with the Origin and Cookie headers that a browser would add. */
function withBrowserHeaders(request: Buffer): string {
  return request.toString('latin1').replace('\r\n', `\r\norigin: ${ORIGIN}\r\ncookie: ${COOKIE}\r\n`);
}

/** Connects a client's socket to the server, and drops the server's frames for which `isLost` is true. */
function relayTo(client: Socket): void {
  const server = connect(stage.port, '127.0.0.1');
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    sockets.add(one);
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
  client.once('data', (request) => {
    server.write(withBrowserHeaders(request), 'latin1');
    client.on('data', (bytes) => server.write(bytes));
  });
  let unsent = Buffer.alloc(0);
  let isUpgraded = false;
  server.on('data', (bytes) => {
    unsent = Buffer.concat([unsent, bytes]);
    const end = unsent.indexOf('\r\n\r\n') + 4;
    if (!isUpgraded && end >= 4) {
      client.write(unsent.subarray(0, end));
      unsent = unsent.subarray(end);
      isUpgraded = true;
    }
    for (let frame = isUpgraded ? unframe(unsent) : undefined; frame; frame = unframe(unsent)) {
      if (!isLost(frame.text)) client.write(unsent.subarray(0, unsent.length - frame.rest.length));
      unsent = Buffer.from(frame.rest);
    }
  });
}

beforeEach(async () => {
  stage = await openStage();
  isLost = () => false;
  relay = createServer(relayTo);
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  vi.stubGlobal('location', {
    protocol: 'http:',
    hostname: '127.0.0.1',
    host: `127.0.0.1:${address.port}`,
    port: String(address.port),
  });
  link = new Link({
    dial: dialServer('person'),
    now: () => Date.now(),
    random: () => 0,
    after(ms, job) {
      const timer = setTimeout(job, ms);
      return () => clearTimeout(timer);
    },
    changed: () => undefined,
    doubted: () => undefined,
  });
});
afterEach(async () => {
  link.stop();
  for (const socket of sockets) socket.destroy();
  relay.close();
  vi.unstubAllGlobals();
  await stage.close();
});

it('[L1] a page that misses a change asks for a new snapshot, and gets the changes after it', async () => {
  const received: string[] = [];
  let wake = () => {};
  const receive = (kind: string) => {
    received.push(kind);
    wake();
  };
  /** Waits until `count` messages have arrived; resolves with the kinds of all of them. */
  const receiveUntil = async (count: number) => {
    while (received.length < count)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return received;
  };
  const sendChange = (t: number) =>
    stage.live.pushAccepted({ deviceId: 'a', current: [{ t, values: { cpu: t } }] });

  link.follow('fleet', { snapshot: () => receive('snapshot'), change: () => receive('change') });
  link.start();
  expect(await receiveUntil(1)).toEqual(['snapshot']);
  sendChange(1);
  expect(await receiveUntil(2)).toEqual(['snapshot', 'change']);

  const lost = new Promise<void>((resolve) => {
    isLost = (text) => {
      const isChange = text.startsWith('42["change"');
      if (isChange) resolve();
      return isChange;
    };
  });
  sendChange(2);
  await lost;
  isLost = () => false;
  // After a second the snapshot is made anew.
  stage.clock.at += 1000;
  sendChange(3);
  expect(await receiveUntil(3)).toEqual(['snapshot', 'change', 'snapshot']);
  sendChange(4);
  expect(await receiveUntil(4)).toEqual(['snapshot', 'change', 'snapshot', 'change']);
});
