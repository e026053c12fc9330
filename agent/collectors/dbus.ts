/** A connection to D-Bus, over which methods are called (`dbus-message.ts`). [G3] Every call has an end. */
import { createConnection, type Socket } from 'node:net';
import { errorText } from '#protocol/errors.ts';
import { decodeMessage, encodeCall, messageLength, type Call } from './dbus-message.ts';

export interface Bus {
  /** The values of the reply. Rejects where the reply is an error, and where none comes in time. */
  call(call: Call): Promise<readonly unknown[]>;
  readonly isOpen: boolean;
  close(): void;
}

const PATIENCE = 5000;

interface Waiting {
  readonly resolve: (body: readonly unknown[]) => void;
  readonly reject: (error: Error) => void;
}

/** Says who this process is; the kernel tells the other side that it is true. Resolves with the bytes after the answer. */
function authenticate(socket: Socket, uid: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let said = Buffer.alloc(0);
    const onData = (part: Buffer) => {
      said = Buffer.concat([said, part]);
      const end = said.indexOf('\r\n');
      if (end < 0) return;
      socket.off('data', onData);
      if (!said.toString('latin1', 0, end).startsWith('OK')) {
        reject(new Error('D-Bus does not let this user in'));
        return;
      }
      socket.write('BEGIN\r\n');
      resolve(said.subarray(end + 2));
    };
    socket.on('data', onData);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('D-Bus closed the connection')));
    socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(uid)).toString('hex')}\r\n`);
  });
}

/**
 * Gets a name on the bus. dbus-daemon hangs up on users that are not in /etc/passwd, as it cannot look up their groups:
 * systemd hides from it those that it makes for a service's run.
 */
async function greet(call: Bus['call']): Promise<void> {
  const name = 'org.freedesktop.DBus';
  try {
    await call({ destination: name, path: '/org/freedesktop/DBus', interface: name, member: 'Hello' });
  } catch (error) {
    throw new Error(
      `${errorText(error)}: the bus lets in only users of /etc/passwd. Stop the service, make its user (useradd --system watchfloor-agent), and start it`,
      { cause: error },
    );
  }
}

interface BusOptions {
  /** Whether a bus is at the other end, which gives names to those who say hello; else it is systemd itself. */
  readonly isBus: boolean;
  readonly uid?: number;
  readonly patienceMs?: number;
}

/** Connects to the socket at this path. Rejects where that fails, or takes too long. */
export async function openBus(
  path: string,
  { isBus, uid = process.getuid?.() ?? 0, patienceMs = PATIENCE }: BusOptions,
): Promise<Bus> {
  const socket = createConnection(path);
  const waiting = new Map<number, Waiting>();
  let isOpen = true;
  let serial = 0;
  let bytes: Buffer = Buffer.alloc(0);

  const end = (error: Error) => {
    isOpen = false;
    socket.destroy();
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const take = (part: Buffer) => {
    bytes = bytes.length === 0 ? part : Buffer.concat([bytes, part]);
    for (
      let length = messageLength(bytes);
      length !== undefined && bytes.length >= length;
      length = messageLength(bytes)
    ) {
      const { kind, replyTo, body } = decodeMessage(bytes.subarray(0, length));
      bytes = bytes.subarray(length);
      const asked = waiting.get(replyTo);
      if (asked === undefined || kind === 'other') continue;
      waiting.delete(replyTo);
      if (kind === 'reply') asked.resolve(body);
      else asked.reject(new Error(`D-Bus: ${String(body[0] ?? 'refused')}`));
    }
  };
  const listen = (part: Buffer) => {
    try {
      take(part);
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const inTime = <Value>(work: Promise<Value>): Promise<Value> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const late = new Error('D-Bus does not answer');
        reject(late);
        end(late);
      }, patienceMs);
      void work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  const call = (wanted: Call): Promise<readonly unknown[]> =>
    inTime(
      new Promise((resolve, reject) => {
        if (!isOpen) {
          reject(new Error('the connection to D-Bus is closed'));
          return;
        }
        serial++;
        waiting.set(serial, { resolve, reject });
        socket.write(encodeCall(wanted, serial));
      }),
    );

  socket.on('error', end);
  socket.on('close', () => end(new Error('D-Bus closed the connection')));
  try {
    const rest = await inTime(authenticate(socket, uid));
    socket.on('data', listen);
    listen(rest);
    if (isBus) await greet(call);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return {
    call,
    get isOpen() {
      return isOpen;
    },
    close: () => end(new Error('the connection to D-Bus is closed')),
  };
}
