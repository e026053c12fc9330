/**
 * Encodes a table of numbers in few bytes, without loss. Each column is scaled to whole numbers by a power of
 * ten where that is exact, stored as differences or as offsets from its least value, and split into byte
 * planes (the lowest bytes of all values, then the next). All columns go into one zstd frame.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Column, Table } from './table.ts';

const VERSION = 1;
/** The lowest two bits of a column's first byte; the next three are its decimals. */
const MODE_OFFSET = 0;
const MODE_DELTA = 1;
const MODE_DOUBLE = 2;
/** Bit of a column's first byte: a bitmap of the rows that have a value follows. */
const HAS_GAPS = 0x80;
/** A scaled value below this is an exact whole number, and so are the differences of two of them. */
const MAX_WHOLE = 2 ** 50;
const MAX_DECIMALS = 6;
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];

/** A buffer and the offset of the next byte in it, for writing and for reading. */
interface Cursor {
  bytes: Buffer;
  at: number;
}

/** Encodes a table. Column ids are whole numbers below 2^32. */
export function encodeTable(table: Table): Uint8Array {
  const n = table.t.length;
  const out: Cursor = { bytes: Buffer.allocUnsafe(mostBytes(table)), at: 0 };
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

/** The most bytes that a table takes before it is compressed. */
function mostBytes({ t, columns }: Table): number {
  let bytes = 64 + columnBytes(t.length);
  for (const { rows, values } of columns.values())
    bytes += columnBytes(values.length) + (rows === undefined ? 0 : bitmapBytes(t.length));
  return bytes;
}

const columnBytes = (values: number): number => 40 + values * 9;
const bitmapBytes = (rows: number): number => (rows + 7) >> 3;

/**
 * Decodes a table, with the columns whose ids are in `ids`, or all where it is left out.
 * @throws where the bytes are damaged
 */
export function decodeTable(bytes: Uint8Array, ids?: ReadonlySet<number>): Table {
  const source: Cursor = { bytes: zstdDecompressSync(bytes), at: 0 };
  if (source.bytes[source.at++] !== VERSION) throw new Error('a stored block has an unknown version');
  const n = readVarint(source);
  const count = readVarint(source);
  const t = readTimes(source, n);
  const columns = new Map<number, Column>();
  let id = 0;
  for (let i = 0; i < count; i++) {
    id += readVarint(source);
    const column = readColumn(source, n, ids === undefined || ids.has(id));
    if (column !== undefined) columns.set(id, column);
  }
  return { t, columns };
}

/** Writes the first time and then the differences between neighbours. */
function writeTimes(out: Cursor, t: Float64Array): void {
  const differences = new Float64Array(Math.max(0, t.length - 1));
  for (let i = 1; i < t.length; i++) differences[i - 1] = (t[i] ?? 0) - (t[i - 1] ?? 0);
  writeVarint(out, t[0] ?? 0);
  writeColumn(out, { rows: undefined, values: differences }, differences.length);
}

function readTimes(source: Cursor, n: number): Float64Array {
  const t = new Float64Array(n);
  let time = readVarint(source);
  const differences = readColumn(source, Math.max(0, n - 1), true);
  for (let i = 0; i < n; i++) {
    t[i] = time;
    time += differences?.values[i] ?? 0;
  }
  return t;
}

function writeColumn(out: Cursor, { rows, values }: Column, n: number): void {
  const gapsBit = rows === undefined ? 0 : HAS_GAPS;
  const decimals = decimalsOf(values);
  if (decimals < 0) {
    out.bytes[out.at++] = MODE_DOUBLE | gapsBit;
    if (rows !== undefined) writeGaps(out, rows, n);
    writeDoubles(out, values);
    return;
  }
  const power = POWERS[decimals] ?? 1;
  const whole = values.map((value) => Math.round(value * power));
  const { least, maxOffset, maxDelta } = rangeOf(whole);
  const mode = maxDelta < maxOffset ? MODE_DELTA : MODE_OFFSET;
  out.bytes[out.at++] = mode | (decimals << 2) | gapsBit;
  if (rows !== undefined) writeGaps(out, rows, n);
  const base = mode === MODE_DELTA ? (whole[0] ?? 0) : least;
  writeVarint(out, zigzag(base));
  let last = base;
  for (let i = 0; i < whole.length; i++) {
    const value = whole[i] ?? 0;
    whole[i] = mode === MODE_DELTA ? zigzag(value - last) : value - base;
    last = value;
  }
  writePlanes(out, whole, byteWidthOf(mode === MODE_DELTA ? maxDelta : maxOffset));
}

/** Reads a column of `n` rows; where `keep` is false it is only skipped, and undefined returned. */
function readColumn(source: Cursor, n: number, keep: boolean): Column | undefined {
  const header = source.bytes[source.at++] ?? 0;
  const mode = header & 3;
  const rows = (header & HAS_GAPS) === 0 ? undefined : readGaps(source, n);
  const count = rows === undefined ? n : rows.length;
  const values =
    mode === MODE_DOUBLE ? readDoubles(source, count, keep) : readWhole(source, count, header, keep);
  return values && { rows, values };
}

function readWhole(source: Cursor, count: number, header: number, keep: boolean): Float64Array | undefined {
  const base = unzigzag(readVarint(source));
  const width = source.bytes[source.at++] ?? 0;
  const start = source.at;
  source.at += width * count;
  if (!keep) return undefined;
  const values = new Float64Array(count);
  for (let plane = width - 1; plane >= 0; plane--)
    for (let i = 0; i < count; i++)
      values[i] = (values[i] ?? 0) * 256 + (source.bytes[start + plane * count + i] ?? 0);
  const power = POWERS[(header >> 2) & 7] ?? 1;
  const isDelta = (header & 3) === MODE_DELTA;
  let last = base;
  for (let i = 0; i < count; i++) {
    const stored = values[i] ?? 0;
    last = isDelta ? last + unzigzag(stored) : base + stored;
    values[i] = last / power;
  }
  return values;
}

/** Writes a bitmap with a bit for each row that has a value. */
function writeGaps(out: Cursor, rows: Uint32Array, n: number): void {
  const bytes = bitmapBytes(n);
  out.bytes.fill(0, out.at, out.at + bytes);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    const at = out.at + (row >> 3);
    out.bytes[at] = (out.bytes[at] ?? 0) | (1 << (row & 7));
  }
  out.at += bytes;
}

/** The rows that have a value, from a bitmap. */
function readGaps(source: Cursor, n: number): Uint32Array {
  const bytes = bitmapBytes(n);
  const rows = new Uint32Array(n);
  let count = 0;
  for (let i = 0; i < bytes; i++) {
    const byte = source.bytes[source.at++] ?? 0;
    for (let bits = byte, row = i * 8; bits !== 0; bits >>= 1, row++)
      if ((bits & 1) !== 0) rows[count++] = row;
  }
  return rows.slice(0, count);
}

/**
 * The power of ten that makes every value an exact whole number; -1 where there is none up to MAX_DECIMALS.
 */
function decimalsOf(values: Float64Array): number {
  let decimals = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    for (;;) {
      const power = POWERS[decimals] ?? 1;
      const whole = Math.round(value * power);
      if (whole / power === value && Math.abs(whole) < MAX_WHOLE) break;
      if (++decimals > MAX_DECIMALS) return -1;
    }
  }
  // A later value may have raised the power so far that an earlier one is no longer exact.
  const power = POWERS[decimals] ?? 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const whole = Math.round(value * power);
    if (whole / power !== value || Math.abs(whole) >= MAX_WHOLE) return -1;
  }
  return decimals;
}

/** The least value, the largest offset from it, and the largest difference between neighbours (as zigzag). */
function rangeOf(whole: Float64Array): { least: number; maxOffset: number; maxDelta: number } {
  let least = whole[0] ?? 0;
  let largest = least;
  let last = least;
  let maxDelta = 0;
  for (let i = 0; i < whole.length; i++) {
    const value = whole[i] ?? 0;
    if (value < least) least = value;
    else if (value > largest) largest = value;
    const delta = zigzag(value - last);
    if (delta > maxDelta) maxDelta = delta;
    last = value;
  }
  return { least, maxOffset: largest - least, maxDelta };
}

/** How many bytes a value of this size takes. */
function byteWidthOf(largest: number): number {
  let width = 0;
  for (let rest = largest; rest >= 1; rest /= 256) width++;
  return width;
}

/** Writes the width in bytes, then the lowest bytes of all values, then the next higher ones. */
function writePlanes(out: Cursor, whole: Float64Array, width: number): void {
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

function writeDoubles(out: Cursor, values: Float64Array): void {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const n = values.length;
  for (let i = 0; i < n; i++)
    for (let plane = 0; plane < 8; plane++) out.bytes[out.at + plane * n + i] = raw[i * 8 + plane] ?? 0;
  out.at += 8 * n;
}

function readDoubles(source: Cursor, n: number, keep: boolean): Float64Array | undefined {
  const start = source.at;
  source.at += 8 * n;
  if (!keep) return undefined;
  const values = new Float64Array(n);
  const raw = new Uint8Array(values.buffer);
  for (let i = 0; i < n; i++)
    for (let plane = 0; plane < 8; plane++) raw[i * 8 + plane] = source.bytes[start + plane * n + i] ?? 0;
  return values;
}

/** Maps whole numbers to those from zero on, so that small differences of either sign stay small. */
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);

/**
 * Writes a whole number in groups of seven bits, the lowest first; a set high bit says that another byte
 * follows.
 */
function writeVarint(out: Cursor, value: number): void {
  let rest = value;
  while (rest >= 128) {
    const higher = Math.floor(rest / 128);
    out.bytes[out.at++] = rest - higher * 128 + 128;
    rest = higher;
  }
  out.bytes[out.at++] = rest;
}

function readVarint(source: Cursor): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = source.bytes[source.at++];
    if (byte === undefined) throw new Error('a stored block ends too early');
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}
