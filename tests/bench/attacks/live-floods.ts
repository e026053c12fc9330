/** A signed-in display that floods its live connections with packets of every kind. */
import { once } from 'node:events';
import { frameOf } from '../../live/frames.ts';
import { Tally, type Attack } from './attack.ts';
import { dialLive, signInDisplay } from './dial.ts';

const CONNECTIONS = 10;
const PACKETS = 20_000;

/** The packets, each sent in a flood of its own. */
const FLOODS: readonly (string | Buffer)[] = [
  '3',
  '42["subscribe","fleet"]',
  '421["subscribe","alerts"]',
  '42["unsubscribe","fleet"]',
  '431[]',
  '4510-["subscribe",{"_placeholder":true,"num":0}]',
  '40/admin,',
  Buffer.alloc(64),
];

export const liveFloods: Attack = {
  name: 'live-floods',
  what: `a display floods ${CONNECTIONS} live connections, ${PACKETS} packets of one kind at a time`,
  async run(target) {
    const tally = new Tally();
    const cookie = await signInDisplay(target);
    const floods = FLOODS.map((packet) => Buffer.concat(Array<Buffer>(PACKETS).fill(frameOf(packet))));
    async function attack(place: number): Promise<void> {
      for (let turn = place; !target.over(); turn++) {
        const socket = await dialLive(target, { cookie, origin: target.server.url });
        tally.add('connections');
        const closed = once(socket, 'close');
        socket.on('data', (bytes) => tally.add('bytes answered', bytes.length));
        socket.write(frameOf('40'));
        socket.write(floods[turn % floods.length] ?? '');
        await closed;
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, place) => attack(place)));
    return tally.counts();
  },
};
