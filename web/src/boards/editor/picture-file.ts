/** A picture from a file, made small enough for a board where it is too large. */
import { PICTURE_BYTES, PICTURE_SIDE, type PictureType } from '#protocol/boards.ts';
import { isPictureType } from '../../api/boards.ts';

type Read =
  | { readonly ok: true; readonly type: PictureType; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly problem: string };

/** No board shows more pixels than a screen of 4K has. */
const LONGEST_SIDE = 3840;
/** A picture that is too large is tried at these parts of its size, and as JPEG or WebP of this quality. */
const PARTS = [1, 0.75, 0.5, 0.35, 0.25];
const QUALITY = 0.85;

/** The size with no side longer than `longest`, and the same shape; whole pixels. */
export function fittedSize(
  { width, height }: { width: number; height: number },
  longest: number,
): { width: number; height: number } {
  const part = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * part)), height: Math.max(1, Math.round(height * part)) };
}

export async function readPicture(file: File): Promise<Read> {
  if (!isPictureType(file.type)) return { ok: false, problem: 'Choose a PNG, JPEG, WebP or GIF.' };
  let drawn: ImageBitmap;
  try {
    drawn = await createImageBitmap(file);
  } catch {
    return { ok: false, problem: 'The file cannot be read as a picture. Choose another one.' };
  }
  const small = file.size <= PICTURE_BYTES && Math.max(drawn.width, drawn.height) <= PICTURE_SIDE;
  if (small) return { ok: true, type: file.type, bytes: new Uint8Array(await file.arrayBuffer()) };
  return smaller(drawn);
}

async function smaller(drawn: ImageBitmap): Promise<Read> {
  for (const part of PARTS) {
    const longest = Math.min(LONGEST_SIDE, Math.max(drawn.width, drawn.height)) * part;
    const { width, height } = fittedSize(drawn, longest);
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext('2d')?.drawImage(drawn, 0, 0, width, height);
    // WebP keeps what is transparent; a browser that cannot write it makes a PNG.
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: QUALITY });
    if (blob.size <= PICTURE_BYTES && isPictureType(blob.type))
      return { ok: true, type: blob.type, bytes: new Uint8Array(await blob.arrayBuffer()) };
  }
  return { ok: false, problem: 'The picture is too large. Make it smaller first.' };
}
