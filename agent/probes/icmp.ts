/**
 * Echo requests (ping) over one socket for all probes, without a process and without rights: Linux gives every user whose
 * group is in net.ipv4.ping_group_range an ICMP socket that sends echo requests and gets the answers to its own alone.
 * Node cannot make such a socket, but it can use one: a single call of the system's library makes it.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { errorText } from '#protocol/errors.ts';
import { loadNativeLibrary } from '../service/native-library.ts';
import { RefusedError } from './attempt.ts';

/** By family: what socket(2) takes, and the type of an echo request and of its answer. */
const FAMILIES = {
  ipv4: { family: 2, protocol: 1, type: 'udp4', request: 8, reply: 0 },
  ipv6: { family: 10, protocol: 58, type: 'udp6', request: 128, reply: 129 },
} as const;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const EACCES = 13;
const EAFNOSUPPORT = 97;

const HEADER_BYTES = 8;
/** With its header, as much as the ping of most systems sends. */
const PACKET_BYTES = 64;

/** The line that lets every group make such sockets. */
const PING_REMEDY = 'sysctl -w net.ipv4.ping_group_range="0 2147483647"';

export interface Echo {
  /**
   * Sends one request and resolves with the milliseconds to its answer; undefined when `signal` was aborted before one
   * came. Rejects where it cannot be sent.
   */
  send(address: string, signal: AbortSignal): Promise<number | undefined>;
  close(): void;
}

interface EchoParts {
  readonly monotonic: () => number;
  /** A folder of the agent, for the native part of the library. */
  readonly folder: string;
}

/** Makes a file descriptor. @throws RefusedError that says why this machine lets the agent send none */
async function openDescriptor(family: keyof typeof FAMILIES, folder: string): Promise<number> {
  if (process.platform !== 'linux')
    throw new RefusedError('ping works on Linux alone; use a TCP probe for this machine', '');
  const native = await loadNativeLibrary(folder).catch((error: unknown) => {
    throw new RefusedError(
      `ping needs a library that cannot be loaded: ${errorText(error)}; use a TCP probe`,
      '',
    );
  });
  const socket = native.load('libc.so.6').func('int socket(int family, int type, int protocol)');
  const { family: number, protocol } = FAMILIES[family];
  const fd: unknown = socket(number, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (typeof fd === 'number' && fd >= 0) return fd;
  const code = native.errno();
  if (code === EACCES)
    throw new RefusedError(
      "ping needs this agent's group to be in net.ipv4.ping_group_range; allow it, or use a TCP probe",
      PING_REMEDY,
    );
  if (code === EAFNOSUPPORT) throw new Error('this machine has no IPv6');
  throw new RefusedError(`ping cannot be used here (error ${code} of the system); use a TCP probe`, '');
}

async function openSocket(family: keyof typeof FAMILIES, folder: string): Promise<Socket> {
  const fd = await openDescriptor(family, folder);
  const socket = createSocket(FAMILIES[family].type);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ fd }, () => {
      socket.removeListener('error', reject);
      resolve();
    });
  });
  return socket;
}

/** Sequence numbers are 16 bits. */
const SEQUENCES = 0x10000;

export function createEcho({ monotonic, folder }: EchoParts): Echo {
  const sockets = new Map<keyof typeof FAMILIES, Promise<Socket>>();
  /** By sequence number: what waits for its answer. */
  const waiting = new Map<number, { readonly address: string; readonly answered: () => void }>();
  let last = Math.floor(Math.random() * SEQUENCES);

  function take(family: keyof typeof FAMILIES, packet: Buffer, from: string): void {
    if (packet.length < HEADER_BYTES || packet[0] !== FAMILIES[family].reply) return;
    const waiter = waiting.get(packet.readUInt16BE(6));
    // An answer from elsewhere is none to this request.
    if (waiter !== undefined && (waiter.address === from || family === 'ipv6')) waiter.answered();
  }

  function socketOf(family: keyof typeof FAMILIES): Promise<Socket> {
    const known = sockets.get(family);
    if (known !== undefined) return known;
    const opened = openSocket(family, folder).then((socket) => {
      socket.on('message', (packet, { address }) => take(family, packet, address));
      // What the network says of one target, the next `send` says too.
      socket.on('error', () => undefined);
      socket.unref();
      return socket;
    });
    sockets.set(family, opened);
    // The administrator may allow it meanwhile.
    opened.catch(() => sockets.delete(family));
    return opened;
  }

  return {
    async send(address, signal) {
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      const socket = await socketOf(family);
      if (signal.aborted) return undefined;
      const sequence = (last = (last + 1) % SEQUENCES);
      const packet = Buffer.alloc(PACKET_BYTES);
      packet[0] = FAMILIES[family].request;
      packet.writeUInt16BE(sequence, 6);
      return new Promise((resolve, reject) => {
        const begun = monotonic();
        const end = (ms: number | undefined) => {
          waiting.delete(sequence);
          signal.removeEventListener('abort', timeUp);
          resolve(ms);
        };
        const timeUp = () => end(undefined);
        signal.addEventListener('abort', timeUp, { once: true });
        waiting.set(sequence, { address, answered: () => end(monotonic() - begun) });
        // Node wants a port, which ICMP has not.
        socket.send(packet, 1, address, (error) => {
          if (error === null) return;
          reject(error);
          end(undefined);
        });
      });
    },
    close() {
      for (const opened of sockets.values())
        void opened.then(
          (socket) => socket.close(),
          () => undefined,
        );
      sockets.clear();
    },
  };
}
