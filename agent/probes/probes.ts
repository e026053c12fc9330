/**
 * Probes: what this machine checks of other things for its server. The reply to a push names the version of its list; the
 * agent fetches a list that it does not have, and runs it as far as its own setting allows. An agent without probes
 * loads nothing of what runs them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import { NO_PROBES, type ProbeReport } from '#protocol/probe-reports.ts';
import type { ProbeList } from '#protocol/probes.ts';
import type { PushReply } from '#protocol/sample.ts';
import type { CollectorEntry, Described } from '../collectors/collector.ts';
import { onChange } from '../collectors/on-change.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../sampling/clock.ts';
import type { ProbeRecord, Runner } from './runner.ts';

/** After a list could not be fetched, the next try comes so many milliseconds later at the earliest. */
const PAUSE_MS = 15_000;
/** The list of the last run, in the data folder. */
export const PROBES_FILE = 'probes.json';
const EMPTY: ProbeList = { version: NO_PROBES, probes: [] };

const NONE: readonly ProbeReport[] = [];

const lists = () => import('./probe-list.ts');

export interface Probes {
  /** Their fields, and what is said of them, for the sampler. */
  readonly collector: CollectorEntry;
  /** Takes what the reply to a push says. */
  told(reply: Pick<PushReply, 'probes'>): void;
  records(): readonly ProbeRecord[];
  /** Reports of entries that this agent does not take. */
  refused(): readonly ProbeReport[];
  /** Resolves when nothing is being fetched or loaded. */
  idle(): Promise<void>;
  stop(): void;
}

export interface ProbesParts {
  /** The data folder. */
  readonly data: string;
  /** The setting: what may be probed. */
  readonly allowed: string;
  /** Makes what runs them; called with the first list that has any. */
  readonly openRunner: () => Promise<Runner>;
  /** Fetches this machine's list from the server. */
  readonly fetch: () => Promise<unknown>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Log;
}

export function openProbes({ data, allowed, openRunner, fetch, clock, log }: ProbesParts): Probes {
  const path = join(data, PROBES_FILE);
  let version: string | undefined;
  let runner: Runner | undefined;
  let refused = NONE;
  let underWay: Promise<void> | undefined;
  let pausedUntil = -Infinity;
  let isStopped = false;
  let isFailing = false;

  async function use(list: ProbeList): Promise<void> {
    const { readList } = await lists();
    const read = readList(list, clock.now());
    for (const { name, reason } of read.refused) log.warn({ probe: name, reason }, 'a probe is not taken');
    if (runner === undefined && read.probes.length > 0) {
      const opened = await openRunner();
      if (isStopped) return opened.stop();
      runner = opened;
    }
    refused = read.refused;
    runner?.take(read.probes);
    version = list.probes.length === 0 ? undefined : list.version;
  }

  async function fetchList(): Promise<void> {
    try {
      const { keepList, parseList } = await lists();
      const list = parseList(await fetch());
      await use(list);
      keepList(path, list, log);
      log.info({ probes: list.probes.length }, 'the server has given this machine its probes');
      isFailing = false;
    } catch (error) {
      pausedUntil = clock.monotonic() + PAUSE_MS;
      const reason = errorText(error).split('\n')[0];
      if (!isFailing)
        log.warn({ reason }, 'the list of probes cannot be taken from the server; those before go on');
      isFailing = true;
    }
  }

  const busy = (work: Promise<void>) => {
    underWay = work.finally(() => (underWay = undefined));
  };

  /** Goes on with what the last run had. */
  async function useKept(): Promise<void> {
    const { readKeptList } = await lists();
    const kept = readKeptList(path, log);
    if (kept !== undefined) await use(kept);
  }

  async function useNone(): Promise<void> {
    await use(EMPTY);
    (await lists()).keepList(path, EMPTY, log);
    log.info({}, 'the server has no more probes for this machine');
  }

  if (existsSync(path))
    busy(useKept().catch((error: unknown) => log.warn({ err: error }, 'the kept probes cannot be run')));

  const describe = onChange((parts: readonly (readonly ProbeReport[])[]): Described => {
    const reports = parts.flat();
    return { probes_allowed: allowed, ...(reports.length > 0 && { probes: reports }) };
  });
  return {
    collector: {
      name: 'probes',
      create: () => ({
        collect({ at }) {
          const fields = runner?.fields(at) ?? {};
          return Object.keys(fields).length === 0 ? 'absent' : fields;
        },
        described: () => describe([runner?.reports() ?? NONE, refused]),
      }),
    },
    told({ probes: wanted }) {
      if (wanted === version || underWay !== undefined || isStopped) return;
      if (wanted === undefined) return busy(useNone());
      if (clock.monotonic() >= pausedUntil) busy(fetchList());
    },
    records: () => runner?.records() ?? [],
    refused: () => refused,
    idle: () => underWay ?? Promise.resolve(),
    stop() {
      isStopped = true;
      runner?.stop();
    },
  };
}
