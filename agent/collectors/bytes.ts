/** Numbers and texts in what a system's libraries answer. */
const UPPER = 2 ** 32;

/** 64 bits as a number. Counters beyond 2^53 lose their last digits, which no rate has a use for. */
export function wide(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * UPPER + bytes.readUInt32LE(at);
}

/** A text of C, which ends at its first zero, without what stands behind it. */
export function untilNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Text of two bytes a character up to its end, at a pointer into an answer that stood at `address`; '' for any other. */
export function textAt(bytes: Buffer, address: bigint, pointer: bigint, length?: number): string {
  const start = Number(pointer - address);
  if (start < 0 || start >= bytes.length) return '';
  return untilNul(bytes.toString('utf16le', start, start + (length ?? 512)));
}
