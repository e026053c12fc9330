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

/** Loads it from a folder that nobody else may write, and removes that: Linux and macOS keep what is loaded. */
async function loadAndRemove(parent: string): Promise<NativeLibrary> {
  const folder = mkdtempSync(join(parent, 'library-'));
  try {
    Object.assign(process, { resourcesPath: unpackNativePart(folder) });
    return await import('koffi/indirect');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param parent the folder that a packaged agent may put the native part into while it is loaded, on Linux and macOS;
 * default: the one of temporary files. On Windows, which keeps a file that is in use, it lies beside the program
 * @throws an error that says what is missing, or what cannot be written
 */
export async function loadNativeLibrary(parent = tmpdir()): Promise<NativeLibrary> {
  if (!isSea()) return import('koffi/indirect');
  if (process.platform !== 'win32') return loadAndRemove(parent);
  Object.assign(process, { resourcesPath: unpackNativePart(dirname(process.execPath)) });
  return import('koffi/indirect');
}
