/**
 * The folder with the agent's packages. It is looked at again and again, so that packages can be added while the server
 * runs. A package is handed out only while its SHA-256 is the one of the list beside it; each file is read for that once,
 * and again when it has changed.
 */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorText } from '#protocol/errors.ts';
import { packageFacts, type HeldPackage } from '#protocol/packages.ts';
import { readChecksumList, type ChecksumList } from './checksum-list.ts';

/** More files than this in the folder are not looked at. */
const MOST_FILES = 500;

export interface ReadyPackage extends HeldPackage {
  readonly sha256: string;
}

/** A file that is open to be sent. */
export interface OpenPackage {
  readonly file: Awaited<ReturnType<typeof open>>;
  readonly bytes: number;
}

export interface PackageFolder {
  /** Looks now; resolves when every package is checked. Never rejects. */
  look(): Promise<void>;
  /** What was found, by name. */
  packages(): readonly HeldPackage[];
  /** Those that are handed out. */
  ready(): readonly ReadyPackage[];
  list(): Pick<ChecksumList, 'state' | 'problem' | 'keyId'> & { readonly exists: boolean };
  /** The list of checksums, its signature or its key, as it was checked; undefined for any other name. */
  listFile(name: string): Buffer | undefined;
  /** Opens a package that is handed out; undefined where there is none of this name, or it has just changed. */
  open(name: string): Promise<OpenPackage | undefined>;
}

/** What tells whether a file is still the one that was read. */
const stampOf = ({ ino, size, mtimeMs }: Stats) => `${ino} ${size} ${mtimeMs}`;

interface Found {
  readonly name: string;
  readonly stats: Stats;
}

/** What `ask` resolves with; undefined where there is no such file or folder. */
async function ifPresent<T>(ask: Promise<T>): Promise<T | undefined> {
  try {
    return await ask;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The packages in the folder; undefined where there is no folder. */
async function findPackages(dir: string): Promise<Found[] | undefined> {
  const all = await ifPresent(readdir(dir));
  const names = all?.filter((name) => packageFacts(name) !== undefined).sort();
  if (names === undefined) return undefined;
  const found: Found[] = [];
  for (const name of names.slice(0, MOST_FILES)) {
    const stats = await ifPresent(stat(join(dir, name)));
    if (stats?.isFile()) found.push({ name, stats });
  }
  return found;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 256 * 1024 })) hash.update(piece);
  return hash.digest('hex');
}

const UNKNOWN: ChecksumList = {
  state: 'none',
  problem: '',
  sums: new Map(),
  keyId: null,
  files: new Map(),
};

export function createPackageFolder(dir: string): PackageFolder {
  let list = UNKNOWN;
  let found: readonly Found[] | undefined;
  let failure: string | undefined;
  /** The SHA-256 of each file as it was when its stamp was taken, by name. */
  const read = new Map<string, { readonly stamp: string; readonly sha256: string }>();

  function stateOf({ name, stats }: Found): HeldPackage['state'] {
    const listed = list.sums.get(name);
    if (listed === undefined) return 'unlisted';
    const known = read.get(name);
    if (known?.stamp !== stampOf(stats)) return 'checking';
    return known.sha256 === listed ? 'ready' : 'damaged';
  }

  function packages(): HeldPackage[] {
    const present = (found ?? []).flatMap((each) => {
      const facts = packageFacts(each.name);
      const { size: bytes, mtimeMs } = each.stats;
      const modified = Math.round(mtimeMs);
      return facts ? [{ name: each.name, ...facts, state: stateOf(each), bytes, modified_at: modified }] : [];
    });
    const names = new Set(present.map(({ name }) => name));
    const missing = [...list.sums.keys()].flatMap((name) => {
      const facts = names.has(name) ? undefined : packageFacts(name);
      return facts ? [{ name, ...facts, state: 'missing' as const, bytes: 0, modified_at: 0 }] : [];
    });
    return [...present, ...missing];
  }

  async function lookOnce(): Promise<void> {
    try {
      list = await readChecksumList(dir);
      found = await findPackages(dir);
      failure = undefined;
      for (const name of read.keys()) if (!found?.some((each) => each.name === name)) read.delete(name);
      for (const { name, stats } of found ?? []) {
        const stamp = stampOf(stats);
        if (!list.sums.has(name) || read.get(name)?.stamp === stamp) continue;
        read.set(name, { stamp, sha256: await sha256Of(join(dir, name)) });
      }
    } catch (error) {
      // Also where a file goes while it is read; the next look sees what is there then.
      failure = `${dir} cannot be read: ${errorText(error)}`;
    }
  }

  let looking: Promise<void> | undefined;
  const sumOf = (name: string) => list.sums.get(name) ?? '';
  return {
    look: () => (looking ??= lookOnce().finally(() => (looking = undefined))),
    packages,
    ready: () =>
      packages()
        .filter(({ state }) => state === 'ready')
        .map((each) => ({ ...each, sha256: sumOf(each.name) })),
    list: () => ({
      state: list.state,
      problem: failure ?? list.problem,
      keyId: list.keyId,
      exists: found !== undefined,
    }),
    listFile: (name) => list.files.get(name),
    async open(name) {
      const known = found?.find((each) => each.name === name);
      if (known === undefined || stateOf(known) !== 'ready') return undefined;
      const file = await ifPresent(open(join(dir, name)));
      if (file === undefined) return undefined;
      const stats = await file.stat();
      if (stampOf(stats) === stampOf(known.stats)) return { file, bytes: stats.size };
      await file.close();
      return undefined;
    },
  };
}
