/**
 * The web app's files with their precompressed variants, read once at start. Unknown paths get the app's
 * shell.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, brotliCompressSync, constants } from 'node:zlib';
import { errorCode } from '#protocol/errors.ts';
import { belowPath } from './below-path.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

export interface StaticFile {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly brotli: Buffer | undefined;
}

export interface StaticFiles {
  /**
   * The file at `path` below `/ui/`, without a leading slash; the shell for a page of the app; else
   * undefined.
   */
  find(path: string): StaticFile | undefined;
}

const compress = promisify(brotliCompress);
/** Nearly as small as Kit's own, in a fiftieth of the time. */
const QUICKLY = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };

const SHELL = '200.html';
const NOT_BUILT =
  '<!doctype html><meta charset="utf-8"><title>Watchfloor</title><p>The web app is not built yet. Run <code>npm run build</code> and restart, or start with <code>npm start</code>.';

function toFile(path: string, plain: Buffer, brotli: Buffer | undefined): StaticFile {
  // Kit's immutable files have a hash in their names; browsers must check all others for changes.
  const immutable = path.includes('/immutable/');
  return {
    contentType: TYPES[extname(path)] ?? 'application/octet-stream',
    cacheControl: immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    // Weak, as the Brotli variant has the same tag.
    etag: `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    plain,
    brotli,
  };
}

async function listFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function listOrNothing(dir: string): Promise<string[]> {
  try {
    return await listFiles(dir);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Reads all files of `dir`. If the folder does not exist, every page says how to build the web app. `base`: the path
 * that a reverse proxy has the server below; '' for none.
 */
export async function openStaticFiles(dir: string, base = ''): Promise<StaticFiles> {
  const paths = await listOrNothing(dir);
  const files = new Map<string, StaticFile>();
  const known = new Set(paths);
  for (const path of paths) {
    if (/\.(br|gz)$/.test(path)) continue;
    const name = relative(dir, path).split(sep).join('/');
    const plain = await readFile(path);
    const moved = belowPath(name, plain, base);
    if (moved !== undefined) files.set(name, toFile(name, moved, await compress(moved, QUICKLY)));
    else
      files.set(
        name,
        toFile(name, plain, known.has(`${path}.br`) ? await readFile(`${path}.br`) : undefined),
      );
  }
  const shell = files.get(SHELL) ?? toFile(SHELL, Buffer.from(NOT_BUILT), brotliCompressSync(NOT_BUILT));

  return {
    find(path) {
      const file = files.get(path);
      if (file) return file;
      // Assets are below _app/; any other path is a page of the app, which the shell renders.
      return path.startsWith('_app/') ? undefined : shell;
    },
  };
}
