/** Connections that send nearly all of a body and then nothing more. */
import { setTimeout as pause } from 'node:timers/promises';
import { Tally, type Attack } from './attack.ts';
import { dial } from './dial.ts';

const CONNECTIONS = 75;
const BODY_BYTES = 1024 * 1024;
const ADDRESSES = 10;

export const unfinishedBodies: Attack = {
  name: 'unfinished-bodies',
  what: `${CONNECTIONS} connections from ${ADDRESSES} addresses hold a body of nearly 1 MiB each that never ends`,
  async run(target) {
    const tally = new Tally();
    const most = Buffer.alloc(BODY_BYTES - 1, ' ');
    async function hold(place: number): Promise<void> {
      while (!target.over()) {
        const socket = await dial(target, `127.0.0.${66 + (place % ADDRESSES)}`);
        tally.add('connections');
        const closed = new Promise((resolve) => socket.once('close', resolve));
        const giveUp = setInterval(() => target.over() && socket.destroy(), 100);
        socket.once('data', (answer) => tally.add(`answered ${answer.toString('latin1', 9, 12)}:`));
        const path = place % 2 === 0 ? '/metrics' : '/auth/login';
        socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
        socket.write(most);
        await closed;
        clearInterval(giveUp);
        await pause(1000);
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, place) => hold(place)));
    return tally.counts();
  },
};
