/** Real targets on loopback for probes, which end with the test, and the tries of real probes at them. */
import { createSocket } from 'node:dgram';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { listedProbe } from '#protocol/probes.ts';
import { createAddresses, type FindAddresses } from '../../../agent/probes/addresses.ts';
import { createAllowance } from '../../../agent/probes/allowance.ts';
import { createKinds } from '../../../agent/probes/kinds.ts';

async function listen(server: Server, host: string): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server.address());
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** Returns its port. */
export const httpServer = (answer: RequestListener, host = '127.0.0.1') => listen(createHttp(answer), host);

export const httpsServer = (tls: { cert: string; key: string }, answer: RequestListener) =>
  listen(createHttps(tls, answer), '127.0.0.1');

/** A server that takes connections and does this with them; by default nothing. */
export const tcpServer = (take: (socket: Socket) => void = () => undefined, host = '127.0.0.1') =>
  listen(createTcp(take), host);

/** A port at which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 16: 'TXT', 28: 'AAAA' };

/** The name and the type that a request asks for, and where its question ends. */
function questionOf(request: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = request[at] ?? 0; length > 0; length = request[at] ?? 0) {
    labels.push(request.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = request.readUInt16BE(at + 1);
  return {
    name: labels.join('.').toLowerCase(),
    type: TYPES[type] ?? String(type),
    number: type,
    end: at + 5,
  };
}

function recordOf(type: string, text: string): Buffer {
  if (type === 'A') return Buffer.from(text.split('.').map(Number));
  if (type === 'TXT') return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
  const groups = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const numbers = groups.map((part) => part.split(':').filter((each) => each !== ''));
  const zeros = Array.from({ length: 8 - numbers.flat().length }, () => '0');
  const all = [...(numbers[0] ?? []), ...zeros, ...(numbers[1] ?? [])];
  return Buffer.from(all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}

/** `hang`: it answers nothing. */
export type DnsAnswer = readonly string[] | 'nxdomain' | 'hang';

/** A name server that answers each question with what the function says. Returns its address with its port. */
export async function dnsServer(answer: (name: string, type: string) => DnsAnswer): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (request, from) => {
    const { name, type, number, end } = questionOf(request);
    const found = answer(name, type);
    if (found === 'hang') return;
    const records = found === 'nxdomain' ? [] : found;
    const head = Buffer.alloc(12);
    request.copy(head, 0, 0, 2);
    head.writeUInt16BE(found === 'nxdomain' ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    const bodies = records.map((text) => {
      const data = recordOf(type, text);
      const fixed = Buffer.alloc(12);
      fixed.writeUInt16BE(0xc00c, 0);
      fixed.writeUInt16BE(number, 2);
      fixed.writeUInt16BE(1, 4);
      fixed.writeUInt32BE(0, 6);
      fixed.writeUInt16BE(data.length, 10);
      return Buffer.concat([fixed, data]);
    });
    socket.send(Buffer.concat([head, request.subarray(12, end), ...bodies]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    socket.close();
  });
  return `127.0.0.1:${socket.address().port}`;
}

/** A probe of a list, with the defaults for what is not given. */
export const aProbe = (given: object) =>
  listedProbe.parse({ id: 'p', name: 'P', asked_at: 0, timeout_s: 5, ...given });

interface Circumstances {
  readonly allowed?: string;
  readonly addresses?: FindAddresses;
  readonly authorities?: readonly string[];
  readonly signal?: AbortSignal;
  /** Notes what is waited for. */
  readonly doing?: (what: string) => void;
}

/** Tries a probe once as an agent does. By default it may reach this machine. */
export async function tryProbe(given: object, circumstances: Circumstances = {}) {
  const { allowed = 'public,local', addresses = createAddresses(), authorities } = circumstances;
  const kinds = createKinds({
    allowance: createAllowance(allowed),
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    folder: '/nonexistent',
    addresses,
    ...(authorities !== undefined && { authorities }),
  });
  try {
    return await kinds.tryOnce(aProbe(given), {
      signal: circumstances.signal ?? AbortSignal.timeout(10_000),
      doing: circumstances.doing ?? (() => undefined),
    });
  } finally {
    kinds.close();
  }
}

/** Why a try failed, or was refused. */
export async function problemOf(given: object, circumstances: Circumstances = {}): Promise<string> {
  try {
    return (await tryProbe(given, circumstances)).problem ?? 'none';
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}
