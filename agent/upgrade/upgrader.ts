/**
 * Upgrades this agent when the server says that it is its turn. [G6] The server names a version and no more. What is run
 * is a package of the list of checksums that the key in this agent signed, of a newer version than this one, and has its
 * SHA-256; whatever else the server hands out is thrown away.
 */
import { execFile } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { errorText } from '#protocol/errors.ts';
import { checkSignature, parsePublicKey, type Primitives } from '#protocol/minisign.ts';
import {
  CHECKSUMS,
  compareVersions,
  packageName,
  parseChecksums,
  SIGNATURE,
  type PackageFacts,
} from '#protocol/packages.ts';
import { makeFolder, removeFile } from '../data-folder/data-folder.ts';
import type { Log } from '../log.ts';
import { endTrial, makeExecutable, programFile, readVersions, writeVersions } from './versions.ts';

const run = promisify(execFile);

/** A version that failed is not fetched again within this time, in milliseconds. */
const FAILED_PAUSE = 10 * 60_000;
/** Nor is anything, after an attempt that the network ended. */
const PAUSE = 60_000;
/** The list of checksums and its signature are smaller than this. */
const LIST_BYTES = 256 * 1024;
/** How long the new program may take to say its version, in milliseconds. */
const SAYING = 30_000;

const primitives: Primitives = {
  blake2b512: (content) => createHash('blake2b512').update(content).digest(),
  isSignedBy: (spki, content, signature) =>
    verify(
      null,
      content,
      createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
      signature,
    ),
};

/** What the server has is not what the key signed, or does not run: trying again soon cannot help. */
class UnfitError extends Error {
  override readonly name = 'UnfitError';
}

/** What the inventory says of upgrades. */
export interface UpgradeFacts {
  readonly upgrades_as: string;
  readonly upgrade_failed?: string;
  readonly upgrade_problem?: string;
  readonly upgrade_failed_at?: number;
}

export interface UpgraderParts {
  /** Where fetched versions lie. */
  readonly folder: string;
  /** The public key whose signature counts. */
  readonly key: string;
  readonly own: string;
  readonly system: PackageFacts['system'];
  readonly arch: PackageFacts['arch'];
  /** Fetches a file that the server hands out. Rejects when it does not. */
  readonly fetch: (name: string) => Promise<AsyncIterable<Buffer>>;
  /** Ends this agent in order and starts the installed program again. */
  readonly restart: () => void;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface Upgrader {
  /** The server says that it is this agent's turn. */
  offered(version: string): void;
  /** The server has accepted a push of this version. */
  accepted(): void;
  /** Another object whenever something in it has changed. */
  facts(): UpgradeFacts;
  /** Resolves when nothing is being fetched. */
  idle(): Promise<void>;
}

async function readAll(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > LIST_BYTES) throw new UnfitError('its list of checksums is larger than any');
    parts.push(piece);
  }
  return Buffer.concat(parts);
}

export function createUpgrader(parts: UpgraderParts): Upgrader {
  const { folder, key, own, system, arch, fetch, log, now } = parts;
  let underWay: Promise<void> | undefined;
  /** Whether this agent is ending for the version that it fetched. Its last push may bring another offer. */
  let isDone = false;
  let pausedUntil = -Infinity;
  let facts: UpgradeFacts = factsOf();
  let isOnTrial = readVersions(folder).trial?.version === own;

  function factsOf(): UpgradeFacts {
    const { failed } = readVersions(folder);
    const as = { upgrades_as: `${system}-${arch}` };
    if (failed === null) return as;
    const problem = failed.reason.slice(0, 300);
    return {
      ...as,
      upgrade_failed: failed.version,
      upgrade_problem: problem,
      upgrade_failed_at: failed.at,
    };
  }

  /** The SHA-256 that the signed list has for the file. */
  async function signedSum(name: string): Promise<string> {
    const list = await readAll(await fetch(CHECKSUMS));
    const signature = await readAll(await fetch(SIGNATURE));
    try {
      checkSignature(list, signature.toString('utf8'), parsePublicKey(key), primitives);
    } catch (error) {
      throw new UnfitError(`the signature of its packages does not hold: ${errorText(error)}`);
    }
    const sum = parseChecksums(list.toString('utf8')).get(name);
    if (sum === undefined) throw new UnfitError(`the signed list has no ${name}`);
    return sum;
  }

  /** Fetches the file to `to`, which is there afterwards only if it has this SHA-256. */
  async function fetchChecked(name: string, sum: string, to: string): Promise<void> {
    const hash = createHash('sha256');
    const arriving = `${to}.new`;
    try {
      await pipeline(
        await fetch(name),
        async function* (pieces: AsyncIterable<Buffer>) {
          for await (const piece of pieces) {
            hash.update(piece);
            yield piece;
          }
        },
        createWriteStream(arriving, { mode: 0o600, flush: true }),
      );
      const found = hash.digest('hex');
      if (found !== sum)
        throw new UnfitError(`${name} has the SHA-256 ${found} instead of the signed ${sum}`);
      makeExecutable(arriving);
      await rename(arriving, to);
    } finally {
      removeFile(arriving);
    }
  }

  /** Runs the program, which is a signed one, to see that it runs here at all. */
  async function saysVersion(file: string, version: string): Promise<void> {
    const said = await run(file, ['--version'], { timeout: SAYING }).catch((error: unknown) => {
      throw new UnfitError(`it does not run on this machine: ${errorText(error).split('\n')[0]}`);
    });
    if (said.stdout.trim() !== version) throw new UnfitError(`it says that it is ${said.stdout.trim()}`);
  }

  async function upgrade(version: string): Promise<void> {
    const name = packageName({ version, system, arch, kind: 'executable' });
    const file = programFile(folder, version);
    makeFolder(folder);
    await fetchChecked(name, await signedSum(name), file);
    await saysVersion(file, version);
    writeVersions(folder, { ...readVersions(folder), trial: { version, starts: 0 } });
    log.info({ version, from: own }, 'the new version is here and checked: it is tried out now');
    isDone = true;
    parts.restart();
  }

  async function attempt(version: string): Promise<void> {
    try {
      await upgrade(version);
    } catch (error) {
      pausedUntil = now() + PAUSE;
      const reason = errorText(error);
      if (!(error instanceof UnfitError)) {
        log.warn({ version, reason }, 'the new version could not be fetched; the next offer tries again');
        return;
      }
      removeFile(programFile(folder, version));
      writeVersions(folder, endTrial(readVersions(folder), version, now(), reason));
      facts = factsOf();
      log.error({ version, reason }, 'the server offers a version that this agent does not take');
    }
  }

  /** Whether a version that failed may be tried again. */
  function mayTry(version: string): boolean {
    const { failed } = readVersions(folder);
    return failed?.version !== version || Math.abs(now() - failed.at) > FAILED_PAUSE;
  }

  return {
    offered(version) {
      if (isDone || underWay !== undefined || now() < pausedUntil) return;
      if (compareVersions(version, own) <= 0 || !mayTry(version)) return;
      underWay = attempt(version).finally(() => (underWay = undefined));
    },
    accepted() {
      if (!isOnTrial) return;
      isOnTrial = false;
      const state = readVersions(folder);
      writeVersions(folder, endTrial(state, own, now()));
      if (state.good !== null && state.good !== own) removeFile(programFile(folder, state.good));
      facts = factsOf();
      log.info({ version: own }, 'the server accepted a push of the new version: it stays');
    },
    facts: () => facts,
    idle: () => underWay ?? Promise.resolve(),
  };
}
