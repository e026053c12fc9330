/**
 * [G6] The list of probes that the server gives this machine: data, each entry of which is checked. An entry that is
 * wrong, or that this version does not know, costs only itself; a list that is none is not taken at all. The last list
 * is kept in the data folder, so that a restarted agent goes on while the server is away.
 */
import { z } from 'zod';
import { errorText } from '#protocol/errors.ts';
import type { ProbeReport } from '#protocol/probe-reports.ts';
import { listedProbe, probeList, type ListedProbe, type ProbeList } from '#protocol/probes.ts';
import { text } from '#protocol/text.ts';
import { readIfThere, removeFile, writeWhole } from '../data-folder/data-folder.ts';
import type { Log } from '../log.ts';

export interface ReadList {
  readonly version: string;
  readonly probes: readonly ListedProbe[];
  /** Of entries that this agent does not take, as far as they have an id and a name. */
  readonly refused: readonly ProbeReport[];
}

const named = z.object({ id: z.string().min(1).max(64), name: text(80) });

/** Why an entry is not taken. */
function wrongWords(error: z.ZodError): string {
  const [issue] = error.issues;
  const place = issue?.path.join('.') ?? '';
  const what = `${place === '' ? '' : `${place}: `}${issue?.message ?? 'is wrong'}`;
  return `this agent does not understand the probe (${what}); a newer version of it may`;
}

/** `now`: epoch milliseconds. */
export function readList({ version, probes: entries }: ProbeList, now: number): ReadList {
  const probes: ListedProbe[] = [];
  const refused: ProbeReport[] = [];
  const taken = new Set<string>();
  for (const entry of entries) {
    const parsed = listedProbe.safeParse(entry);
    const { data: called } = named.safeParse(entry);
    const isDouble =
      called !== undefined && (taken.has(`id ${called.id}`) || taken.has(`name ${called.name}`));
    if (called !== undefined) taken.add(`id ${called.id}`).add(`name ${called.name}`);
    if (parsed.success && !isDouble) probes.push(parsed.data);
    else if (called !== undefined && !isDouble) {
      const reason = parsed.success ? '' : wrongWords(parsed.error).slice(0, 300);
      refused.push({ ...called, state: 'refused', since: now, reason, remedy: '', asked_at: 0 });
    }
  }
  return { version, probes, refused };
}

/** A list as the server gives it. @throws z.ZodError where it is none */
export const parseList = (given: unknown): ProbeList => probeList.parse(given);

/** The list that the last run had; undefined where there is none, or none that can be read. */
export function readKeptList(path: string, log: Log): ProbeList | undefined {
  try {
    const kept = readIfThere(path);
    return kept === undefined ? undefined : probeList.parse(JSON.parse(kept));
  } catch (error) {
    log.warn(
      { path, reason: errorText(error) },
      'the kept probes cannot be read; the server gives them again',
    );
    return undefined;
  }
}

/** Keeps a list; removes the file of an empty one. A full disk costs only the probes of the next start. */
export function keepList(path: string, list: ProbeList, log: Log): void {
  try {
    if (list.probes.length === 0) removeFile(path);
    else writeWhole(path, `${JSON.stringify(list)}\n`);
  } catch (error) {
    log.warn({ path, reason: errorText(error) }, 'the probes cannot be kept on disk for the next start');
  }
}
