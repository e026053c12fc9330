/**
 * Whether the clock is set by a time server. The kernel's own word for it needs a system call that Node does not have, so
 * those are asked who set the clock: chrony over its port on loopback, systemd-timesyncd by the file that it touches.
 */
import { createSocket } from 'node:dgram';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Collector, Fields } from './collector.ts';

/** Length of a request for the tracking report: it must be as long as the answer. */
const REQUEST_BYTES = 104;
const TRACKING_REQUEST = 33;
const TRACKING_REPLY = 5;
const PROTOCOL = 6;
/** Places in the answer. */
const AT = { version: 0, kind: 1, reply: 6, status: 8, leap: 28 + 26, offset: 28 + 40 } as const;
const NOT_SYNCHRONISED = 3;
const PATIENCE = 2000;

/** chrony's request for its tracking report, as `chronyc tracking` sends it. */
export function trackingRequest(): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request[0] = PROTOCOL;
  request[1] = 1;
  request.writeUInt16BE(TRACKING_REQUEST, 4);
  return request;
}

/** chrony's numbers: a signed exponent of 7 bits, then a signed coefficient of 25 bits. */
export function chronyFloat(word: number): number {
  const exponent = word >> 25;
  const coefficient = (word << 7) >> 7;
  return coefficient * 2 ** (exponent - 25);
}

/** chrony's answer → fields; undefined for another answer. The offset is how far the clock is from the time, in seconds. */
export function parseTracking(answer: Buffer): Fields | undefined {
  if (answer.length < REQUEST_BYTES || answer[AT.version] !== PROTOCOL || answer[AT.kind] !== 2)
    return undefined;
  if (answer.readUInt16BE(AT.reply) !== TRACKING_REPLY || answer.readUInt16BE(AT.status) !== 0)
    return undefined;
  const isSet = answer.readUInt16BE(AT.leap) !== NOT_SYNCHRONISED;
  if (!isSet) return { clock_synchronised: 0 };
  const offset = Math.abs(chronyFloat(answer.readInt32BE(AT.offset)));
  return { clock_synchronised: 1, clock_offset_ms: Number((offset * 1000).toPrecision(3)) };
}

/** Asks chrony; undefined where it does not answer. */
function askChrony(port: number): Promise<Fields | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (fields: Fields | undefined) => {
      clearTimeout(timer);
      resolve(fields);
      socket.close();
    };
    const timer = setTimeout(() => end(undefined), PATIENCE);
    socket.once('message', (answer) => end(parseTracking(answer)));
    // Nobody listens there.
    socket.once('error', () => end(undefined));
    socket.connect(port, '127.0.0.1', () => socket.send(trackingRequest()));
  });
}

/** timesyncd asks its server once in 34 minutes at least, and touches its file then. */
const LATE = 2 * 3_600_000;

/** Whether timesyncd has set the clock lately; undefined where it does not run. */
async function askTimesyncd(file: string, now: number): Promise<Fields | undefined> {
  try {
    const { mtimeMs } = await stat(file);
    return { clock_synchronised: now - mtimeMs < LATE ? 1 : 0 };
  } catch {
    // Its folder is there while it runs, the file since the clock was set for the first time.
    return (await isThere(dirname(file))) ? { clock_synchronised: 0 } : undefined;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Not there.
    return false;
  }
}

/** chrony, where it did not answer, is asked again after this time. */
const TRY_AGAIN = 600_000;

export function createClockSync(
  { chronyPort, timesyncd } = { chronyPort: 323, timesyncd: '/run/systemd/timesync/synchronized' },
  now: () => number = Date.now,
): Collector {
  let triedAt = -Infinity;
  let hasChrony = false;
  return {
    async collect({ at }) {
      if (hasChrony || at - triedAt >= TRY_AGAIN) {
        triedAt = at;
        const tracking = await askChrony(chronyPort);
        hasChrony = tracking !== undefined;
        if (tracking !== undefined) return tracking;
      }
      return (await askTimesyncd(timesyncd, now())) ?? 'absent';
    },
  };
}
