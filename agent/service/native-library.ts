/**
 * The library that calls functions of the system's own libraries, for systems without files that tell what they measure.
 * A packaged agent carries its native part in itself.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getRawAsset, isSea } from 'node:sea';
import type * as koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { errorCode } from '#protocol/errors.ts';

export type NativeLibrary = typeof koffi;
type NativeFunction = ReturnType<LibraryHandle['func']>;

/** Calls a function that may wait, in another thread. `Result`: what its declaration says that it returns. */
export function inBackground<Result>(call: NativeFunction, ...args: readonly unknown[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    call.async(...args, (error: unknown, result: Result) => {
      if (error === null) resolve(result);
      else reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

/** What the native part is called in a packaged agent. */
export const NATIVE_PART = 'koffi.node';

function holds(file: string, bytes: Uint8Array): boolean {
  try {
    return readFileSync(file).equals(bytes);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Puts the native part of a packaged agent into a folder in `parent`, where only those who may replace the program, or
 * the agent itself, may write; another version has another folder, as Windows keeps a library that is in use. Returns the
 * folder.
 */
export function unpackNativePart(parent: string): string {
  const bytes = new Uint8Array(getRawAsset(NATIVE_PART));
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  const root = join(parent, `library-${version}`);
  // Where the library's own code looks for it.
  const file = join(root, 'koffi', `${process.platform}_${process.arch}`, NATIVE_PART);
  if (holds(file, bytes)) return root;
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}`;
  writeFileSync(part, bytes, { mode: 0o755 });
  renameSync(part, file);
  return root;
}

/** Loads it from a folder that nobody else may write, and removes that: what is loaded, macOS keeps. */
async function loadFromNowhere(): Promise<NativeLibrary> {
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-'));
  try {
    Object.assign(process, { resourcesPath: unpackNativePart(folder) });
    return await import('koffi/indirect');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param parent the folder that a packaged agent puts the native part into; default: the program's own, but on macOS, where
 * that is one of many programs, none that stays
 * @throws an error that says what is missing, or what cannot be written
 */
export async function loadNativeLibrary(parent?: string): Promise<NativeLibrary> {
  if (!isSea()) return import('koffi/indirect');
  if (parent === undefined && process.platform === 'darwin') return loadFromNowhere();
  Object.assign(process, { resourcesPath: unpackNativePart(parent ?? dirname(process.execPath)) });
  return import('koffi/indirect');
}
