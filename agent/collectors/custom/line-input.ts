/**
 * Where programs of this machine send lines to: a UDP port on loopback, or a socket in the file system. What is sent
 * faster than can be taken at little cost is not read: the sender's packets are dropped, or it waits.
 */
import { createSocket, type Socket as Port } from 'node:dgram';
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { errorCode, errorText } from '#protocol/errors.ts';
import { hostPortText } from '#protocol/probe-targets.ts';

/** What is taken in a second at most, of all inputs together. */
const MOST_LINES = 20_000;
const MOST_BYTES = 2 * 1024 * 1024;
const MOST_CONNECTIONS = 64;
/** The longest line, in characters. */
const MOST_CHARS = 8192;

/** A port of loopback, or the path of a socket. `mayLack`: this machine may have no such address. */
export type Address =
  { readonly host: string; readonly port: number; readonly mayLack?: boolean } | { readonly path: string };

const addressText = (address: Address) => ('path' in address ? address.path : hostPortText(address));

export interface LineInput {
  /** A second has passed: takes again what it may in a second, and begins to open what is not open. */
  begin(): void;
  /** Why nothing can be sent to it, at no address; undefined where something can. */
  whyDeaf(): string | undefined;
  /** Why addresses cannot be listened at, and how often more came than is taken. */
  problems(): readonly string[];
  /** Of ports, those that the system has given. */
  ports(): readonly number[];
  close(): void;
}

function whyNot(address: Address, error: unknown): string {
  const code = errorCode(error);
  const name = addressText(address);
  if (code === 'EADDRINUSE')
    return `${name} is in use, by this agent's own service or by another StatsD server: stop that one, or choose another (ss -lnupx shows which)`;
  if (code === 'EACCES' || code === 'EPERM')
    return `${name} may not be opened by the user of the agent: choose a port from 1024 up, or a folder it may write to`;
  return `${name} cannot be opened: ${errorText(error)}`;
}

/** Whether a program takes connections at a socket's file. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => {
      if (errorCode(error) === 'ECONNREFUSED') resolve(false);
      else reject(error);
    });
  });
}

/** Removes a socket's file that a killed agent left behind. */
async function removeOld(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('there is another file in its place');
  if (await isAnswered(path)) throw Object.assign(new Error('it is in use'), { code: 'EADDRINUSE' });
  unlinkSync(path);
}

/** @param take is handed each line without its end */
export function createLineInput(addresses: readonly Address[], take: (line: string) => void): LineInput {
  const open = new Map<Address, Port | Server>();
  const opening = new Set<Address>();
  const failures = new Map<Address, string>();
  const connections = new Set<Socket>();
  let lines = 0;
  let bytes = 0;
  let floods = 0;
  let isClosed = false;

  const isFull = () => lines >= MOST_LINES || bytes >= MOST_BYTES;

  const takeText = (text: string) => {
    for (const line of text.split('\n')) {
      if (isFull()) return;
      const clean = line.trim();
      if (clean === '') continue;
      lines++;
      take(clean.length > MOST_CHARS ? clean.slice(0, MOST_CHARS) : clean);
    }
  };

  /** Closes the ports until the next second, as the system drops packets at no cost, and lets connections wait. */
  const rest = () => {
    floods++;
    for (const [address, one] of open) {
      if ('path' in address) continue;
      one.close();
      open.delete(address);
    }
    for (const connection of connections) connection.pause();
  };

  const received = (size: number, text: () => string) => {
    if (isFull()) return;
    bytes += size;
    takeText(text());
    if (isFull()) rest();
  };

  const openPort = (address: Extract<Address, { port: number }>) =>
    new Promise<Port>((resolve, reject) => {
      const port = createSocket(address.host.includes(':') ? 'udp6' : 'udp4');
      port.on('message', (packet) => received(packet.length, () => packet.toString('utf8')));
      port.once('error', (error) => {
        open.delete(address);
        port.close();
        reject(error);
      });
      port.bind({ address: address.host, port: address.port, exclusive: true }, () => resolve(port));
    });

  const readConnection = (connection: Socket) => {
    if (connections.size >= MOST_CONNECTIONS) return connection.destroy();
    connections.add(connection);
    let left = '';
    connection.setEncoding('utf8');
    connection.on('data', (chunk) => {
      const whole = `${left}${String(chunk)}`;
      const end = whole.lastIndexOf('\n') + 1;
      left = whole.slice(end).slice(0, MOST_CHARS);
      received(chunk.length, () => whole.slice(0, end));
    });
    connection.on('end', () => {
      if (left !== '') received(0, () => left);
    });
    // Whoever sends may go away at any time.
    connection.on('error', () => connection.destroy());
    connection.on('close', () => connections.delete(connection));
    return connection;
  };

  const openPath = async (path: string) => {
    // The system says of a folder that is not there that it may not be written.
    if (!existsSync(dirname(path))) throw new Error(`there is no folder ${dirname(path)}`);
    await removeOld(path);
    return new Promise<Server>((resolve, reject) => {
      const server = createServer(readConnection);
      server.once('error', reject);
      server.listen(path, () => {
        // Every program of this machine may send, as to a port.
        chmodSync(path, 0o666);
        resolve(server);
      });
    });
  };

  const openOne = async (address: Address) => {
    try {
      const opened = await ('path' in address ? openPath(address.path) : openPort(address));
      if (isClosed) opened.close();
      else open.set(address, opened);
      failures.delete(address);
    } catch (error) {
      const isLacking = 'port' in address && address.mayLack && errorCode(error) !== 'EADDRINUSE';
      if (!isLacking) failures.set(address, whyNot(address, error));
    }
  };

  return {
    begin() {
      lines = 0;
      bytes = 0;
      for (const connection of connections) connection.resume();
      for (const address of addresses) {
        if (open.has(address) || opening.has(address)) continue;
        opening.add(address);
        void openOne(address).finally(() => opening.delete(address));
      }
    },
    whyDeaf: () => (open.size === 0 && failures.size > 0 ? [...failures.values()].join('; ') : undefined),
    problems: () => [
      ...failures.values(),
      ...(floods > 0
        ? [
            `more than ${MOST_LINES} lines or ${MOST_BYTES / 1024 / 1024} MiB came within a second: what is past them is lost`,
          ]
        : []),
    ],
    ports: () => [...open].flatMap(([address, one]) => ('port' in address ? portOf(one) : [])),
    close() {
      isClosed = true;
      for (const one of open.values()) one.close();
      for (const connection of connections) connection.destroy();
      open.clear();
    },
  };
}

function portOf(one: Port | Server): number[] {
  const address = one.address();
  return typeof address === 'object' && address !== null ? [address.port] : [];
}
