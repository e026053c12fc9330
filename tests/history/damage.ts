/** Damages files as a bad disk does. */
import { open } from 'node:fs/promises';

/** Flips one bit: `bit` counts from the byte's lowest. */
export async function flipBit(path: string, byte: number, bit: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, byte);
    buffer.writeUInt8(buffer.readUInt8(0) ^ (1 << bit), 0);
    await file.write(buffer, 0, 1, byte);
  } finally {
    await file.close();
  }
}
