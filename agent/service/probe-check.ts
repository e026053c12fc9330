/** What `watchfloor-agent check` finds about probing: what is allowed, and whether pings work here. */
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../log.ts';
import { createAllowance } from '../probes/allowance.ts';
import { RefusedError } from '../probes/attempt.ts';
import { createEcho } from '../probes/icmp.ts';
import { readKeptList, readList } from '../probes/probe-list.ts';
import { PROBES_FILE } from '../probes/probes.ts';
import { ok, warning, type Finding } from './finding.ts';

const PATIENCE_MS = 1000;

/** Why a ping does not work here, and what to do; undefined where it does. */
async function pingTrouble(
  folder: string,
): Promise<{ readonly found: string; readonly remedy: string } | undefined> {
  const echo = createEcho({ monotonic: () => performance.now(), folder });
  try {
    const ms = await echo.send('127.0.0.1', AbortSignal.timeout(PATIENCE_MS));
    if (ms !== undefined) return undefined;
    return { found: 'this machine does not answer a ping to itself', remedy: 'use TCP probes' };
  } catch (error) {
    const remedy = error instanceof RefusedError && error.remedy !== '' ? error.remedy : 'use TCP probes';
    return { found: errorText(error), remedy };
  } finally {
    echo.close();
  }
}

const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Whether the server has given this machine a ping to do. */
function hasPing(data: string): boolean {
  const kept = readKeptList(join(data, PROBES_FILE), quiet);
  return kept !== undefined && readList(kept, 0).probes.some(({ kind }) => kind === 'ping');
}

/** `data`: the data folder. */
export async function checkProbes(allowed: string, data: string): Promise<Finding[]> {
  if (createAllowance(allowed).isOff) return [ok('probes', 'probing is switched off (WATCHFLOOR_PROBES)')];
  const reach = ok('probes', `those of the server may reach: ${allowed} (WATCHFLOOR_PROBES)`);
  const trouble = await pingTrouble(data);
  if (trouble === undefined) return [reach, ok('probes', 'ping works')];
  const { found, remedy } = trouble;
  // Nobody need do anything for a ping that nobody asks for.
  const finding = hasPing(data)
    ? warning('probes', found, remedy)
    : { ...ok('probes', `none of them is a ping, which would not work here: ${found}`), remedy };
  return [reach, finding];
}
