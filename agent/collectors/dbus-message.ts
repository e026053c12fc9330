/**
 * Messages of D-Bus as bytes: method calls with texts as arguments, and replies of any type. Only what systemd is asked
 * for; the libraries for the whole of D-Bus parse XML and are not looked after.
 */

/** A method call. Arguments are texts, and lists of texts. */
export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly args?: readonly (string | readonly string[])[];
}

/** A message as it was received. */
export interface Message {
  readonly kind: 'reply' | 'error' | 'other';
  /** The serial of the call that it answers. */
  readonly replyTo: number;
  /** The values of its body: numbers (bigint for 64 bits), texts, booleans, and lists of them for arrays and structs. */
  readonly body: readonly unknown[];
}

const LITTLE = 'l'.charCodeAt(0);
const METHOD_CALL = 1;
const METHOD_RETURN = 2;
const ERROR = 3;
const FIXED_HEADER = 16;
/** A longer message is none that systemd sends. */
const MOST_BYTES = 16 * 1024 * 1024;

const aligned = (at: number, to: number) => Math.ceil(at / to) * to;

// --- writing ---------------------------------------------------------------------------------------------------------

/** Appends values at their alignment. */
class Writer {
  readonly #parts: Buffer[] = [];
  length = 0;

  align(to: number): void {
    this.bytes(Buffer.alloc(aligned(this.length, to) - this.length));
  }

  bytes(part: Buffer): void {
    this.#parts.push(part);
    this.length += part.length;
  }

  uint32(value: number): void {
    this.align(4);
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    this.bytes(part);
  }

  text(value: string): void {
    const part = Buffer.from(`${value}\0`, 'utf8');
    this.uint32(part.length - 1);
    this.bytes(part);
  }

  signature(value: string): void {
    this.bytes(Buffer.from([value.length, ...Buffer.from(`${value}\0`, 'latin1')]));
  }

  texts(values: readonly string[]): void {
    const inner = new Writer();
    for (const value of values) inner.text(value);
    this.uint32(inner.length);
    this.bytes(inner.done());
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

export function encodeCall(call: Call, serial: number): Buffer {
  const body = new Writer();
  let types = '';
  for (const arg of call.args ?? []) {
    if (typeof arg === 'string') body.text(arg);
    else body.texts(arg);
    types += typeof arg === 'string' ? 's' : 'as';
  }
  const fields = new Writer();
  const field = (code: number, type: 'o' | 's', value: string) => {
    fields.align(8);
    fields.bytes(Buffer.from([code]));
    fields.signature(type);
    fields.text(value);
  };
  field(1, 'o', call.path);
  field(2, 's', call.interface);
  field(3, 's', call.member);
  // A connection without a bus between knows no names.
  if (call.destination !== '') field(6, 's', call.destination);
  if (types !== '') {
    fields.align(8);
    fields.bytes(Buffer.from([8]));
    fields.signature('g');
    fields.signature(types);
  }
  const message = new Writer();
  message.bytes(Buffer.from([LITTLE, METHOD_CALL, 0, 1]));
  message.uint32(body.length);
  message.uint32(serial);
  message.uint32(fields.length);
  message.bytes(fields.done());
  message.align(8);
  message.bytes(body.done());
  return message.done();
}

// --- reading ---------------------------------------------------------------------------------------------------------

/** The end of the type that begins at `at` in a signature: 1 for `s`, 3 for `as`, the closing bracket for a struct. */
function typeEnd(signature: string, at: number): number {
  if (signature[at] === 'a') return typeEnd(signature, at + 1);
  if (signature[at] !== '(' && signature[at] !== '{') return at + 1;
  let depth = 0;
  for (let end = at; end < signature.length; end++) {
    if (signature[end] === '(' || signature[end] === '{') depth++;
    if (signature[end] === ')' || signature[end] === '}') depth--;
    if (depth === 0) return end + 1;
  }
  throw new Error(`the signature ${signature} is wrong`);
}

const ALIGNMENT: Readonly<Record<string, number>> = {
  ...{ y: 1, g: 1, v: 1, n: 2, q: 2, b: 4, i: 4, u: 4, h: 4, s: 4, o: 4, a: 4 },
  ...{ x: 8, t: 8, d: 8, '(': 8, '{': 8 },
};

/** Reads values one after another. */
class Reader {
  readonly #bytes: Buffer;
  readonly #little: boolean;
  at: number;

  constructor(bytes: Buffer, little: boolean, at: number) {
    this.#bytes = bytes;
    this.#little = little;
    this.at = at;
  }

  #number(size: 2 | 4): number {
    const bytes = this.#bytes;
    const at = this.at;
    this.at += size;
    return this.#little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  }

  #big(): bigint {
    const at = this.at;
    this.at += 8;
    return this.#little ? this.#bytes.readBigUInt64LE(at) : this.#bytes.readBigUInt64BE(at);
  }

  #text(length: number): string {
    const start = this.at;
    this.at += length + 1;
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** The values of all types of the signature. */
  all(signature: string): unknown[] {
    const values: unknown[] = [];
    for (let at = 0; at < signature.length; at = typeEnd(signature, at))
      values.push(this.value(signature.slice(at, typeEnd(signature, at))));
    return values;
  }

  value(type: string): unknown {
    const [first = ''] = type;
    this.at = aligned(this.at, ALIGNMENT[first] ?? 1);
    switch (first) {
      case 'y':
        return this.#bytes.readUInt8(this.at++);
      case 'b':
        return this.#number(4) === 1;
      case 'n':
        return (this.#number(2) << 16) >> 16;
      case 'q':
        return this.#number(2);
      case 'i':
        return this.#number(4) | 0;
      case 'u':
      case 'h':
        return this.#number(4);
      case 'x':
        return BigInt.asIntN(64, this.#big());
      case 't':
        return this.#big();
      case 'd':
        this.at += 8;
        return this.#little ? this.#bytes.readDoubleLE(this.at - 8) : this.#bytes.readDoubleBE(this.at - 8);
      case 's':
      case 'o':
        return this.#text(this.#number(4));
      case 'g':
        return this.#text(this.#bytes.readUInt8(this.at++));
      case 'v':
        return this.value(String(this.value('g')));
      case '(':
      case '{':
        return this.all(type.slice(1, -1));
      case 'a':
        return this.#array(type.slice(1));
      default:
        throw new Error(`the type ${type} is wrong`);
    }
  }

  #array(type: string): unknown[] {
    const length = this.#number(4);
    this.at = aligned(this.at, ALIGNMENT[type[0] ?? ''] ?? 1);
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError('an array is longer than its message');
    const values: unknown[] = [];
    while (this.at < end) values.push(this.value(type));
    return values;
  }
}

/** How many bytes the first message of `bytes` has; undefined while its beginning is not there yet. */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < FIXED_HEADER) return undefined;
  const numberAt = (at: number) => (bytes[0] === LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const length = aligned(FIXED_HEADER + numberAt(12), 8) + numberAt(4);
  if (length > MOST_BYTES) throw new Error('a message is too long');
  return length;
}

const isEntry = (entry: unknown): entry is [number, unknown] =>
  Array.isArray(entry) && typeof entry[0] === 'number';

/** @throws RangeError or Error for bytes that are no message */
export function decodeMessage(bytes: Buffer): Message {
  const little = bytes[0] === LITTLE;
  const type = bytes[1];
  const header = new Reader(bytes, little, FIXED_HEADER - 4);
  const list = header.value('a(yv)');
  const fields = new Map(Array.isArray(list) ? list.filter(isEntry) : []);
  const signature = fields.get(8);
  const body = new Reader(bytes, little, aligned(header.at, 8));
  return {
    kind: type === METHOD_RETURN ? 'reply' : type === ERROR ? 'error' : 'other',
    replyTo: Number(fields.get(5) ?? 0),
    body: typeof signature === 'string' ? body.all(signature) : [],
  };
}
