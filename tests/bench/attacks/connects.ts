/** A live connection whose one segment holds thousands of socket.io CONNECT packets. */
import { frameOf } from '../../live/frames.ts';
import { Tally, type Attack } from './attack.ts';
import { dialLive } from './dial.ts';
import { once } from 'node:events';

const CONNECTIONS = 10;
const PACKETS = 20_000;
/** The name and the shape of a session's cookie, with a signature that is wrong. */
const FORGED = `__Host-watchfloor=eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJ4In0.${'A'.repeat(43)}`;

export const connects: Attack = {
  name: 'connects',
  what: `${CONNECTIONS} live connections with a forged cookie send ${PACKETS} CONNECT packets each, again and again`,
  async run(target) {
    const tally = new Tally();
    const flood = Buffer.concat(Array<Buffer>(PACKETS).fill(frameOf('40')));
    const { host } = new URL(target.server.url);
    async function attack(): Promise<void> {
      while (!target.over()) {
        const socket = await dialLive(target, { cookie: FORGED, origin: `https://${host}` });
        tally.add('connections');
        const closed = once(socket, 'close');
        const failed = setTimeout(() => socket.destroy(), 15_000);
        socket.on('data', (bytes) => tally.add('bytes answered', bytes.length));
        socket.write(flood);
        await closed;
        clearTimeout(failed);
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, attack));
    return tally.counts();
  },
};
