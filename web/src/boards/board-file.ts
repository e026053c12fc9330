/** Boards as files: what an export holds, and how one is read again. */
import type { z } from 'zod';
import { boardCreate, type Board } from '#protocol/boards.ts';
import type { ErrorDetail } from '#protocol/errors.ts';

/** The name and the tiles of a board as JSON. Tiles of later versions stay in it as they are. */
export function exportText({ name, tiles }: Pick<Board, 'name' | 'tiles'>): string {
  return `${JSON.stringify({ name, tiles }, null, 2)}\n`;
}

/** A name for the file that says what is in it and works on every system. */
export function fileName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `board-${plain || 'export'}.json`;
}

type Import =
  | { readonly ok: true; readonly board: z.output<typeof boardCreate> }
  | { readonly ok: false; readonly problem: string; readonly details: readonly ErrorDetail[] };

/** The most wrong fields that are named at once. */
const MOST_DETAILS = 8;

/** The board of an exported file, or what is wrong with the file and where. */
export function importText(text: string): Import {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {
      ok: false,
      problem: 'This is no JSON. Choose a file that was exported from a board.',
      details: [],
    };
  }
  const read = boardCreate.safeParse(value);
  if (read.success) return { ok: true, board: read.data };
  const details = read.error.issues
    .slice(0, MOST_DETAILS)
    .map(({ path, message }) => ({ path: path.join('.') || 'file', message }));
  return { ok: false, problem: 'This file is no board that can be read.', details };
}
