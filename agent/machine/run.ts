/**
 * [F4] Which start of the agent this is. The server tells the agents that push as one device apart by their run ids.
 * A restarted agent sends the hash of its previous run id, so the server knows it again. The disk has only that hash: with
 * a copy of it nobody can push in the place of a running agent.
 */
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import { readIfThere, writeWhole } from '../data-folder/data-folder.ts';
import type { Log } from '../log.ts';

export interface Run {
  /** A secret between this agent and its server. */
  readonly id: string;
  /** The hash of the run id of the start before; undefined for the first one. */
  readonly follows: string | undefined;
}

/** Begins a run with this data folder. */
export function beginRun(folder: string, log: Log): Run {
  const path = join(folder, 'run');
  const before = readIfThere(path)?.trim() ?? '';
  const id = randomUUID();
  try {
    writeWhole(path, createHash('sha256').update(id).digest('hex'));
  } catch (error) {
    // A full disk: the next start is taken for another agent, which matters only beside a copy of this folder.
    log.debug({ reason: errorText(error) }, 'this start cannot be noted');
  }
  return { id, follows: /^[0-9a-f]{64}$/.test(before) ? before : undefined };
}
