/**
 * The pictures of boards: files in a folder of their own, each named by the SHA-256 of what it holds, so that the same
 * picture is kept once. One that no board and no earlier version shows is removed some time after its upload.
 */
import { hash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {
  isKnownTile,
  PICTURE_BYTES,
  PICTURE_SIDE,
  type AnyTile,
  type PictureType,
} from '#protocol/boards.ts';
import { ApiError, errorCode, errorText } from '#protocol/errors.ts';
import type { Clock, Log } from '../types.ts';
import { pictureFormat } from './picture-format.ts';

/** All pictures together, bytes. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A picture may be unused for so long: it is uploaded before the board that shows it is saved. */
const UNUSED_KEPT_MS = 24 * 3_600_000;
const SWEEP_EVERY_MS = 3_600_000;
const NAME = /^[0-9a-f]{64}$/;

export interface Picture {
  readonly type: PictureType;
  readonly bytes: Buffer;
}

export interface Pictures {
  /** Keeps a picture and resolves with its id. Rejects with ApiError invalid_picture, too_many_items or not_saved. */
  add(picture: Picture): Promise<string>;
  /** Rejects with ApiError unknown_item. */
  read(pictureId: string): Promise<Picture>;
  stop(): void;
}

export interface PicturesParts {
  readonly dir: string;
  /** The ids of the pictures that boards and their earlier versions show. */
  readonly used: () => ReadonlySet<string>;
  readonly clock: Pick<Clock, 'now' | 'every'>;
  readonly log: Log;
}

/** The pictures that the tiles show. */
export function picturesOf(tiles: readonly AnyTile[]): string[] {
  return tiles.flatMap((tile) => (isKnownTile(tile) && tile.kind === 'picture' ? [tile.picture] : []));
}

const refused = (message: string) =>
  new ApiError('invalid_picture', { message, details: [{ path: 'data', message }] });

/** @throws ApiError invalid_picture where the bytes are not what they are said to be */
function check({ type, bytes }: Picture): void {
  if (bytes.length > PICTURE_BYTES)
    throw refused(`The picture is larger than ${PICTURE_BYTES / 1024} KiB. Make it smaller.`);
  const format = pictureFormat(bytes);
  if (format === undefined) throw refused('The file is no PNG, JPEG, WebP or GIF picture.');
  if (format.type !== type) throw refused(`The file is ${format.type}, not ${type}.`);
  const longest = Math.max(format.width, format.height);
  if (longest > PICTURE_SIDE || longest === 0)
    throw refused(
      `The picture has ${format.width} × ${format.height} pixels; a side has 1 to ${PICTURE_SIDE}.`,
    );
}

export async function openPictures({ dir, used, clock, log }: PicturesParts): Promise<Pictures> {
  /** The size of each picture, and when it was uploaded. */
  const kept = new Map<string, { readonly bytes: number; readonly since: number }>();
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const name of await readdir(dir)) {
    if (!NAME.test(name)) continue;
    const { size, mtimeMs } = await stat(join(dir, name));
    kept.set(name, { bytes: size, since: mtimeMs });
  }

  /** Synchronous, so that none is uploaded again while it is removed. */
  function sweep(): void {
    const needed = used();
    for (const [id, { since }] of kept) {
      if (needed.has(id) || clock.now() - since < UNUSED_KEPT_MS) continue;
      try {
        rmSync(join(dir, id), { force: true });
        kept.delete(id);
      } catch (error) {
        log.warn({ err: error, dir }, 'An unused picture could not be removed.');
      }
    }
  }

  const stop = clock.every(sweep, SWEEP_EVERY_MS);

  return {
    async add(picture) {
      check(picture);
      const { bytes } = picture;
      const id = hash('sha256', bytes, 'hex');
      if (kept.has(id)) {
        // Another upload begins its time anew, so that it is not removed before its board is saved.
        kept.set(id, { bytes: bytes.length, since: clock.now() });
        return id;
      }
      const total = [...kept.values()].reduce((sum, each) => sum + each.bytes, bytes.length);
      if (total > MOST_BYTES)
        throw new ApiError('too_many_items', {
          message: `All pictures together would be larger than ${MOST_BYTES / 1024 / 1024} MiB. Those that no board shows any more are removed after a day.`,
        });
      kept.set(id, { bytes: bytes.length, since: clock.now() });
      try {
        await writeFileAtomic(join(dir, id), bytes, { mode: 0o600 });
      } catch (error) {
        kept.delete(id);
        log.error({ err: error, dir }, 'A picture could not be written.');
        throw new ApiError('not_saved', {
          message: `The picture could not be written (${errorCode(error) || errorText(error)}).`,
        });
      }
      return id;
    },
    async read(pictureId) {
      if (!kept.has(pictureId)) throw new ApiError('unknown_item');
      try {
        const bytes = await readFile(join(dir, pictureId));
        const format = pictureFormat(bytes);
        if (format !== undefined) return { type: format.type, bytes };
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
      kept.delete(pictureId);
      throw new ApiError('unknown_item');
    },
    stop,
  };
}
