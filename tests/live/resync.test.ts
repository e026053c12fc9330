/** The page's own live client against the live server over real sockets, with a wire between them that loses things. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { dialServer } from '../../web/src/live/dial.ts';
import { Link } from '../../web/src/live/link.ts';
import { unframe } from './raw-viewer.ts';
import { COOKIE, openStage, ORIGIN, type Stage } from './stage.ts';

let stage: Stage;
let relay: Server;
let link: Link;
const sockets = new Set<Socket>();
/** Whether a message of the server is lost on its way. */
let isLost: (text: string) => boolean;

/** What the browser would add of itself: where the page is from, and its cookie. */
function withBrowserHeaders(request: Buffer): string {
  return request.toString('latin1').replace('\r\n', `\r\norigin: ${ORIGIN}\r\ncookie: ${COOKIE}\r\n`);
}

function join(near: Socket): void {
  const far = connect(stage.port, '127.0.0.1');
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    sockets.add(one);
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
  near.once('data', (request) => {
    far.write(withBrowserHeaders(request), 'latin1');
    near.on('data', (bytes) => far.write(bytes));
  });
  let waiting = Buffer.alloc(0);
  let isOpen = false;
  far.on('data', (bytes) => {
    waiting = Buffer.concat([waiting, bytes]);
    const end = waiting.indexOf('\r\n\r\n') + 4;
    if (!isOpen && end >= 4) {
      near.write(waiting.subarray(0, end));
      waiting = waiting.subarray(end);
      isOpen = true;
    }
    for (let found = isOpen ? unframe(waiting) : undefined; found; found = unframe(waiting)) {
      if (!isLost(found.text)) near.write(waiting.subarray(0, waiting.length - found.rest.length));
      waiting = Buffer.from(found.rest);
    }
  });
}

beforeEach(async () => {
  stage = await openStage();
  isLost = () => false;
  relay = createServer(join);
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('the wire has no port');
  vi.stubGlobal('location', {
    protocol: 'http:',
    hostname: '127.0.0.1',
    host: `127.0.0.1:${address.port}`,
    port: String(address.port),
  });
  link = new Link({
    dial: dialServer,
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

it('[L1] a page that misses a change asks for a new snapshot, and goes on from there', async () => {
  const heard: string[] = [];
  let wake = () => {};
  const hear = (what: string) => {
    heard.push(what);
    wake();
  };
  const heardSoFar = async (count: number) => {
    while (heard.length < count)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return heard;
  };
  const change = (t: number) => stage.live.values({ deviceId: 'a', samples: [{ t, values: { cpu: t } }] });

  link.follow('fleet', { snapshot: () => hear('snapshot'), change: () => hear('change') });
  link.start();
  expect(await heardSoFar(1)).toEqual(['snapshot']);
  change(1);
  expect(await heardSoFar(2)).toEqual(['snapshot', 'change']);

  const lost = new Promise<void>((resolve) => {
    isLost = (text) => {
      const isChange = text.startsWith('42["change"');
      if (isChange) resolve();
      return isChange;
    };
  });
  change(2);
  await lost;
  isLost = () => false;
  change(3);
  expect(await heardSoFar(3)).toEqual(['snapshot', 'change', 'snapshot']);
  change(4);
  expect(await heardSoFar(4)).toEqual(['snapshot', 'change', 'snapshot', 'change']);
});
