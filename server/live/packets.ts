/**
 * [S5] socket.io's packets as this server writes and reads them, in place of socket.io's own parser: text only, in the
 * one namespace `/`. A client may send one CONNECT, then events of this protocol, and no faster than any page does.
 * Whatever else it sends closes its connection before socket.io acts on it.
 */
import { EventEmitter } from 'node:events';
import { z } from 'zod';
import { Allowance } from './allowance.ts';

/**
 * A page sends one packet for each room it opens or leaves, and one answer to each ping. A board that follows another one
 * leaves and opens some sixty rooms at once.
 */
const PACKETS = { perSecond: 30, burst: 240 };

/** socket.io's numbers of the packets that a client may send. */
const CONNECT = 0;
const DISCONNECT = 1;
const EVENT = 2;

/** A packet as socket.io's client and socket handle it. */
interface Packet {
  readonly type: number;
  readonly nsp: string;
  readonly data?: unknown;
  /** The number of the acknowledgement that an event asks for, or that this is. */
  readonly id?: number;
}

/** A reply whose JSON exists already, such as a snapshot that many viewers get. */
export class JsonReply {
  readonly json: string;
  constructor(json: string) {
    this.json = json;
  }
}

export class Encoder {
  /** The packet as one text, as socket.io's clients read it. */
  encode({ type, id, data }: Packet): string[] {
    return [`${type}${id ?? ''}${jsonOf(data)}`];
  }
}

function jsonOf(data: unknown): string {
  if (data === undefined || data === null) return '';
  if (Array.isArray(data) && data[0] instanceof JsonReply) return `[${data[0].json}]`;
  return JSON.stringify(data);
}

const eventData = z.tuple([z.enum(['subscribe', 'part', 'unsubscribe'])]).rest(z.unknown());

/** The packet in a text; undefined where no client of this server sends it. @throws where its JSON is wrong */
function read(text: string): Packet | undefined {
  if (text === String(DISCONNECT)) return { type: DISCONNECT, nsp: '/' };
  // What a client adds to its CONNECT is not read: its cookie says who it is.
  if (/^0(\{.*\})?$/s.test(text)) return { type: CONNECT, nsp: '/' };
  const [, id = '', json] = /^2(\d{0,15})(\[.*\])$/s.exec(text) ?? [];
  if (json === undefined) return undefined;
  const data = eventData.parse(JSON.parse(json));
  return { type: EVENT, nsp: '/', data, ...(id !== '' && { id: Number(id) }) };
}

/** socket.io makes one for each connection, and closes the connection when `add` throws. */
export class Decoder extends EventEmitter {
  #connected = false;

  /** Emits `decoded` with the packet in a message. @throws Error for a message that no client may send now */
  add(message: unknown): void {
    const packet = typeof message === 'string' ? read(message) : undefined;
    // A CONNECT comes first, and never again.
    const isInTurn = (packet?.type === CONNECT) === !this.#connected;
    if (packet === undefined || !isInTurn)
      throw new Error('a client of this server does not send this packet');
    this.#connected = true;
    this.emit('decoded', packet);
  }

  /** Called by socket.io when the connection closes. */
  destroy(): void {
    this.removeAllListeners();
  }
}

/** The part of engine.io's connection that is used here. */
export interface EngineConnection {
  /** `packet` is emitted for each packet of any kind, before it is handled. */
  on(event: 'packet', listener: () => void): unknown;
  /** `discard`: without sending what waits to be sent. */
  close(discard: boolean): unknown;
}

/** Closes the connection once it has sent too many packets; engine.io ignores the rest of them. */
export function limitPackets(connection: EngineConnection, now: () => number): void {
  const allowance = new Allowance(PACKETS, now);
  connection.on('packet', () => {
    if (allowance.isLeft()) allowance.take(1);
    else connection.close(true);
  });
}
