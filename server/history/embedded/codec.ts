/**
 * A table of numbers in few bytes: per column whole numbers (a decimal scale taken out where it is exact) as
 * differences or offsets, split into byte planes, all columns under one zstd frame. Lossless.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Columns of equal length; NaN where there is no value. */
export interface Table {
  readonly t: Float64Array;
  readonly columns: ReadonlyMap<number, Float64Array>;
}

const VERSION = 1;
const MODE_OFFSET = 0;
const MODE_DELTA = 1;
const MODE_DOUBLE = 2;
const HAS_GAPS = 0x80;
/** Beyond this a scaled value is no exact whole number with room for differences. */
const WHOLE = 2 ** 50;
const MOST_DECIMALS = 6;
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];

interface Writer {
  bytes: Buffer;
  at: number;
}

/** Table → bytes. Column ids are whole numbers below 2^32. */
export function encodeTable(table: Table): Uint8Array {
  const n = table.t.length;
  const out: Writer = { bytes: Buffer.allocUnsafe(64 + (table.columns.size + 1) * (n * 9 + 40)), at: 0 };
  out.bytes[out.at++] = VERSION;
  writeVarint(out, n);
  writeVarint(out, table.columns.size);
  writeTimes(out, table.t);
  let previous = 0;
  for (const id of [...table.columns.keys()].sort((a, b) => a - b)) {
    const column = table.columns.get(id);
    if (column === undefined) continue;
    writeVarint(out, id - previous);
    previous = id;
    writeColumn(out, column, n);
  }
  return zstdCompressSync(out.bytes.subarray(0, out.at));
}

/** Bytes → table, with the columns that `wanted` names (all where it is left out). Throws on damage. */
export function decodeTable(bytes: Uint8Array, wanted?: ReadonlySet<number>): Table {
  const source: Writer = { bytes: zstdDecompressSync(bytes), at: 0 };
  if (source.bytes[source.at++] !== VERSION) throw new Error('a stored block has an unknown version');
  const n = readVarint(source);
  const count = readVarint(source);
  const t = readTimes(source, n);
  const columns = new Map<number, Float64Array>();
  let id = 0;
  for (let i = 0; i < count; i++) {
    id += readVarint(source);
    const column = readColumn(source, n, wanted === undefined || wanted.has(id));
    if (column !== undefined) columns.set(id, column);
  }
  return { t, columns };
}

function writeTimes(out: Writer, t: Float64Array): void {
  const gaps = new Float64Array(Math.max(0, t.length - 1));
  for (let i = 1; i < t.length; i++) gaps[i - 1] = (t[i] ?? 0) - (t[i - 1] ?? 0);
  writeVarint(out, t[0] ?? 0);
  writeColumn(out, gaps, gaps.length);
}

function readTimes(source: Writer, n: number): Float64Array {
  const t = new Float64Array(n);
  let now = readVarint(source);
  const gaps = readColumn(source, Math.max(0, n - 1), true);
  for (let i = 0; i < n; i++) {
    t[i] = now;
    now += gaps?.[i] ?? 0;
  }
  return t;
}

function writeColumn(out: Writer, column: Float64Array, n: number): void {
  let present = column;
  let gaps = 0;
  for (let i = 0; i < n; i++) if (Number.isNaN(column[i])) gaps++;
  if (gaps > 0) present = column.filter((value) => !Number.isNaN(value));
  const decimals = decimalsOf(present);
  if (decimals < 0) {
    out.bytes[out.at++] = MODE_DOUBLE | (gaps > 0 ? HAS_GAPS : 0);
    if (gaps > 0) writeGaps(out, column);
    writeDoubles(out, present);
    return;
  }
  const power = POWERS[decimals] ?? 1;
  const whole = present.map((value) => Math.round(value * power));
  const { least, offsetMost, deltaMost } = spread(whole);
  const mode = deltaMost < offsetMost ? MODE_DELTA : MODE_OFFSET;
  out.bytes[out.at++] = mode | (decimals << 2) | (gaps > 0 ? HAS_GAPS : 0);
  if (gaps > 0) writeGaps(out, column);
  const base = mode === MODE_DELTA ? (whole[0] ?? 0) : least;
  writeVarint(out, zigzag(base));
  let last = base;
  for (let i = 0; i < whole.length; i++) {
    const value = whole[i] ?? 0;
    whole[i] = mode === MODE_DELTA ? zigzag(value - last) : value - base;
    last = value;
  }
  writePlanes(out, whole, bytesFor(mode === MODE_DELTA ? deltaMost : offsetMost));
}

/** The column, or undefined where it is only passed over. */
function readColumn(source: Writer, n: number, keep: boolean): Float64Array | undefined {
  const head = source.bytes[source.at++] ?? 0;
  const mode = head & 3;
  const gaps = (head & HAS_GAPS) === 0 ? undefined : readGaps(source, n);
  const count = gaps === undefined ? n : gaps.count;
  const values =
    mode === MODE_DOUBLE ? readDoubles(source, count, keep) : readWhole(source, count, head, keep);
  if (values === undefined || gaps === undefined) return values;
  const column = new Float64Array(n).fill(NaN);
  let next = 0;
  for (let i = 0; i < n; i++)
    if (((gaps.bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0) column[i] = values[next++] ?? NaN;
  return column;
}

function readWhole(source: Writer, count: number, head: number, keep: boolean): Float64Array | undefined {
  const base = unzigzag(readVarint(source));
  const width = source.bytes[source.at++] ?? 0;
  const start = source.at;
  source.at += width * count;
  if (!keep) return undefined;
  const values = new Float64Array(count);
  for (let plane = width - 1; plane >= 0; plane--)
    for (let i = 0; i < count; i++)
      values[i] = (values[i] ?? 0) * 256 + (source.bytes[start + plane * count + i] ?? 0);
  const power = POWERS[(head >> 2) & 7] ?? 1;
  const delta = (head & 3) === MODE_DELTA;
  let last = base;
  for (let i = 0; i < count; i++) {
    const stored = values[i] ?? 0;
    last = delta ? last + unzigzag(stored) : base + stored;
    values[i] = last / power;
  }
  return values;
}

function writeGaps(out: Writer, column: Float64Array): void {
  const bytes = (column.length + 7) >> 3;
  out.bytes.fill(0, out.at, out.at + bytes);
  for (let i = 0; i < column.length; i++) {
    if (Number.isNaN(column[i])) continue;
    const at = out.at + (i >> 3);
    out.bytes[at] = (out.bytes[at] ?? 0) | (1 << (i & 7));
  }
  out.at += bytes;
}

function readGaps(source: Writer, n: number): { bits: Uint8Array; count: number } {
  const bytes = (n + 7) >> 3;
  const bits = source.bytes.subarray(source.at, source.at + bytes);
  source.at += bytes;
  let count = 0;
  for (let i = 0; i < n; i++) if (((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0) count++;
  return { bits, count };
}

/** Decimals after which every value is a whole number, exactly; -1 where there is no such number. */
function decimalsOf(values: Float64Array): number {
  let decimals = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    for (;;) {
      const power = POWERS[decimals] ?? 1;
      const whole = Math.round(value * power);
      if (whole / power === value && Math.abs(whole) < WHOLE) break;
      if (++decimals > MOST_DECIMALS) return -1;
    }
  }
  // A later value may have raised the scale past what an earlier one can bear.
  const power = POWERS[decimals] ?? 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const whole = Math.round(value * power);
    if (whole / power !== value || Math.abs(whole) >= WHOLE) return -1;
  }
  return decimals;
}

function spread(whole: Float64Array): { least: number; offsetMost: number; deltaMost: number } {
  let least = whole[0] ?? 0;
  let most = least;
  let last = least;
  let deltaMost = 0;
  for (let i = 0; i < whole.length; i++) {
    const value = whole[i] ?? 0;
    if (value < least) least = value;
    else if (value > most) most = value;
    const delta = zigzag(value - last);
    if (delta > deltaMost) deltaMost = delta;
    last = value;
  }
  return { least, offsetMost: most - least, deltaMost };
}

function bytesFor(most: number): number {
  let width = 0;
  for (let rest = most; rest >= 1; rest /= 256) width++;
  return width;
}

/** Width, then the lowest bytes of all, then the next. */
function writePlanes(out: Writer, whole: Float64Array, width: number): void {
  out.bytes[out.at++] = width;
  const { bytes } = out;
  const n = whole.length;
  for (let i = 0; i < n; i++) {
    let rest = whole[i] ?? 0;
    for (let plane = 0; plane < width; plane++) {
      const higher = Math.floor(rest / 256);
      bytes[out.at + plane * n + i] = rest - higher * 256;
      rest = higher;
    }
  }
  out.at += width * n;
}

function writeDoubles(out: Writer, values: Float64Array): void {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const n = values.length;
  for (let i = 0; i < n; i++)
    for (let plane = 0; plane < 8; plane++) out.bytes[out.at + plane * n + i] = raw[i * 8 + plane] ?? 0;
  out.at += 8 * n;
}

function readDoubles(source: Writer, n: number, keep: boolean): Float64Array | undefined {
  const start = source.at;
  source.at += 8 * n;
  if (!keep) return undefined;
  const values = new Float64Array(n);
  const raw = new Uint8Array(values.buffer);
  for (let i = 0; i < n; i++)
    for (let plane = 0; plane < 8; plane++) raw[i * 8 + plane] = source.bytes[start + plane * n + i] ?? 0;
  return values;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);

function writeVarint(out: Writer, value: number): void {
  let rest = value;
  while (rest >= 128) {
    const higher = Math.floor(rest / 128);
    out.bytes[out.at++] = rest - higher * 128 + 128;
    rest = higher;
  }
  out.bytes[out.at++] = rest;
}

function readVarint(source: Writer): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = source.bytes[source.at++];
    if (byte === undefined) throw new Error('a stored block ends too early');
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}
