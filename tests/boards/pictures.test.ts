import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { PICTURE_BYTES, PICTURE_SIDE, type PictureType } from '#protocol/boards.ts';
import { pictureFormat } from '../../server/boards/picture-format.ts';
import { openPictures } from '../../server/boards/pictures.ts';
import { createLog } from '../../server/app/log.ts';
import { GIF, JPEG, PNG, pngOf, WEBP } from './picture-files.ts';

const HOUR = 3_600_000;
const folders: string[] = [];
afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

async function stage(dir = mkdtempSync(join(tmpdir(), 'watchfloor-pictures-'))) {
  folders.push(dir);
  let now = Date.now();
  let sweep: () => void = () => undefined;
  const used = new Set<string>();
  const pictures = await openPictures({
    dir,
    used: () => used,
    clock: {
      now: () => now,
      every(job) {
        sweep = job;
        return () => undefined;
      },
    },
    log: createLog('silent'),
  });
  onTestFinished(pictures.stop);
  return {
    dir,
    pictures,
    used,
    pass(ms: number) {
      now += ms;
      sweep();
    },
  };
}

describe('what a picture is', () => {
  it.each([
    ['PNG', PNG, { type: 'image/png', width: 1, height: 1 }],
    ['GIF', GIF, { type: 'image/gif', width: 1, height: 1 }],
    ['WebP', WEBP, { type: 'image/webp', width: 1, height: 1 }],
    ['JPEG', JPEG, { type: 'image/jpeg', width: 3, height: 2 }],
  ])('a %s is recognised by its first bytes, with its size', (_, bytes, format) => {
    expect(pictureFormat(bytes)).toEqual(format);
  });

  it('whatever a file is cut to, or has at its end, reading it ends with a format or none', () => {
    for (const whole of [PNG, GIF, WEBP, JPEG])
      for (let length = 0; length < whole.length; length++) pictureFormat(whole.subarray(0, length));
    const endless = Buffer.alloc(1000, 0xff);
    endless.writeUInt8(0xd8, 1);
    expect(pictureFormat(endless)).toBeUndefined();
  });

  it.each([
    ['an SVG', 'image/png', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'no PNG, JPEG'],
    ['a page', 'image/gif', '<!doctype html><script>alert(1)</script>', 'no PNG, JPEG'],
    ['nothing', 'image/png', '', 'no PNG, JPEG'],
    ['a GIF that is called a PNG', 'image/png', GIF, 'is image/gif, not image/png'],
    ['a picture that takes gigabytes in memory', 'image/png', pngOf(30_000, 30_000), '30000 × 30000'],
    ['a picture without an area', 'image/png', pngOf(0, 0), '0 × 0'],
    [
      'a file that is too large',
      'image/png',
      Buffer.concat([PNG, Buffer.alloc(PICTURE_BYTES)]),
      'larger than 512 KiB',
    ],
  ] as const satisfies readonly (readonly [string, PictureType, string | Buffer, string])[])(
    '%s is refused, and the refusal says why',
    async (_, type, file, why) => {
      const { pictures, dir } = await stage();
      await expect(pictures.add({ type, bytes: Buffer.from(file) })).rejects.toMatchObject({
        code: 'invalid_picture',
        message: expect.stringContaining(why),
      });
      expect(readdirSync(dir)).toEqual([]);
    },
  );
});

describe('pictures that are kept', () => {
  it('the same picture is kept once, and is there after a restart', async () => {
    const { pictures, dir } = await stage();
    const id = await pictures.add({ type: 'image/png', bytes: PNG });
    expect(await pictures.add({ type: 'image/png', bytes: Buffer.from(PNG) })).toBe(id);
    expect(readdirSync(dir)).toEqual([id]);
    writeFileSync(join(dir, 'notes.txt'), 'not a picture');
    const again = await stage(dir);
    expect(await again.pictures.read(id)).toEqual({ type: 'image/png', bytes: PNG });
    for (const other of ['notes.txt', '../session.key', 'f'.repeat(64)])
      await expect(again.pictures.read(other)).rejects.toMatchObject({ code: 'unknown_item' });
  });

  it('a picture that no board and no earlier version shows is removed a day after its upload', async () => {
    const { pictures, dir, used, pass } = await stage();
    const id = await pictures.add({ type: 'image/png', bytes: PNG });
    pass(23 * HOUR);
    expect(readdirSync(dir)).toEqual([id]);
    used.add(id);
    pass(48 * HOUR);
    expect(readdirSync(dir)).toEqual([id]);
    used.clear();
    pass(HOUR);
    expect(readdirSync(dir)).toEqual([]);
    await expect(pictures.read(id)).rejects.toMatchObject({ code: 'unknown_item' });
  });

  it('an upload of a picture that is there gives it another day', async () => {
    const { pictures, dir, pass } = await stage();
    const id = await pictures.add({ type: 'image/png', bytes: PNG });
    pass(23 * HOUR);
    await pictures.add({ type: 'image/png', bytes: PNG });
    pass(23 * HOUR);
    expect(readdirSync(dir)).toEqual([id]);
  });

  it('all pictures together are bounded', async () => {
    const { pictures } = await stage();
    const large = (n: number) => {
      const bytes = Buffer.concat([pngOf(PICTURE_SIDE, 1), Buffer.alloc(PICTURE_BYTES - PNG.length)]);
      bytes.writeUInt32BE(n, bytes.length - 4);
      return bytes;
    };
    for (let n = 0; n < 128; n++) await pictures.add({ type: 'image/png', bytes: large(n) });
    await expect(pictures.add({ type: 'image/png', bytes: large(128) })).rejects.toMatchObject({
      code: 'too_many_items',
      message: expect.stringContaining('64 MiB'),
    });
  });
});
