import { constants, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inflate } from '../../server/http/inflate.ts';

const MIB = 1024 * 1024;
const text = Buffer.from(
  JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ i, name: `core:${i}:cpu` }))),
);
const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel, ZSTD_c_contentSizeFlag, ZSTD_c_windowLog } = constants;

/** A frame as a program writes it that does not know the length beforehand. */
async function streamed(content: Buffer, params: Record<number, number> = {}): Promise<Buffer> {
  const stream = createZstdCompress({ params });
  stream.end(content);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe('zstd', () => {
  test.each([
    ['of no byte', Buffer.alloc(0), {}],
    ['of one byte', Buffer.from('x'), {}],
    ['of one repeated byte', Buffer.alloc(500_000, '['), {}],
    ['of several blocks', Buffer.alloc(MIB, text), {}],
    ['with a checksum', text, { [ZSTD_c_checksumFlag]: 1 }],
    ['without its size', text, { [ZSTD_c_contentSizeFlag]: 0 }],
    ['compressed as small as possible', text, { [ZSTD_c_compressionLevel]: 19 }],
  ])('a whole frame %s is inflated, made at once or in a stream', async (_, content, params) => {
    expect(inflate(zstdCompressSync(content, { params }), 'zstd', MIB).equals(content)).toBe(true);
    expect(inflate(await streamed(content, params), 'zstd', MIB).equals(content)).toBe(true);
  });

  test('[I4] a frame that is cut off anywhere is refused', () => {
    const frame = zstdCompressSync(text, { params: { [ZSTD_c_checksumFlag]: 1 } });
    for (let length = 0; length < frame.length; length++)
      expect(() => inflate(frame.subarray(0, length), 'zstd', MIB)).toThrow('could not be decompressed');
  });

  test.each([
    ['rubbish behind the frame', Buffer.concat([zstdCompressSync(text), Buffer.from('x')])],
    ['a second frame', Buffer.concat([zstdCompressSync(text), zstdCompressSync(text)])],
    ['rubbish instead of a frame', Buffer.from('no frame at all')],
    ['a gzip member', gzipSync(text)],
  ])('[I4] %s is refused', (_, bytes) => {
    expect(() => inflate(bytes, 'zstd', MIB)).toThrow('could not be decompressed');
  });

  test('[S5] a frame that asks for a window of 128 MiB is refused', async () => {
    const frame = await streamed(text, { [ZSTD_c_windowLog]: 27 });
    expect(() => inflate(frame, 'zstd', MIB)).toThrow('could not be decompressed');
  });

  test('[I4] a frame is inflated up to the limit, and refused past it', () => {
    expect(inflate(zstdCompressSync(Buffer.alloc(MIB)), 'zstd', MIB)).toHaveLength(MIB);
    expect(() => inflate(zstdCompressSync(Buffer.alloc(MIB + 1)), 'zstd', MIB)).toThrow('at most 1024 KiB');
    expect(() => inflate(zstdCompressSync(Buffer.alloc(20_000)), 'zstd', 16_384)).toThrow('at most 16 KiB');
  });
});

describe('gzip', () => {
  test('[I4] a member that is cut off anywhere, or followed by rubbish, is refused', () => {
    const member = gzipSync(text);
    for (let length = 1; length < member.length; length++)
      expect(() => inflate(member.subarray(0, length), 'gzip', MIB)).toThrow('could not be decompressed');
    expect(() => inflate(Buffer.concat([member, Buffer.from('x')]), 'gzip', MIB)).toThrow('decompressed');
  });

  test('several members are inflated as one text, and together up to the limit', () => {
    const two = Buffer.concat([gzipSync('ab'), gzipSync('cd')]);
    expect(inflate(two, 'gzip', MIB).toString()).toBe('abcd');
    const halves = Buffer.concat([gzipSync(Buffer.alloc(600_000)), gzipSync(Buffer.alloc(600_000))]);
    expect(() => inflate(halves, 'gzip', MIB)).toThrow('at most 1024 KiB');
  });
});
