/**
 * Runs a machine's probes, each in its own time. [G3] A target that hangs costs its own time alone: every try is ended when
 * its time is over, whether it listens or not. At most MOST_AT_ONCE are tried at once, and MOST_PER_SECOND begin within
 * a second, however many there are and whatever the server asks for.
 *
 * A probe is down after `tries` tries in a row that failed; until then its field `up` stays as it was. The samples
 * between two runs repeat what the last one found.
 */
import { errorText } from '#protocol/errors.ts';
import { instanceField } from '#protocol/fields.ts';
import type { ProbeReport, ProbeState } from '#protocol/probe-reports.ts';
import type { ListedProbe } from '#protocol/probes.ts';
import { cleanText } from '#protocol/text.ts';
import type { Fields } from '../collectors/collector.ts';
import type { Clock } from '../sampling/clock.ts';
import { RefusedError, type Outcome } from './attempt.ts';

export const MOST_AT_ONCE = 8;
export const MOST_PER_SECOND = 5;
/** After a try that failed, the next one comes this soon, in milliseconds. */
const TRY_AGAIN_MS = 5000;
/** New probes begin within this time, so that not all of a list begin at once. */
const SPREAD_MS = 5000;
/** How long values are repeated beyond the time in which the next ones are due. */
const FRESH_MS = 15_000;
const REASON_CHARS = 300;

/** Tries a probe once. Rejects with a RefusedError where this agent may not, or cannot. */
export type TryOnce = (
  probe: ListedProbe,
  call: { readonly signal: AbortSignal; readonly doing: (what: string) => void },
) => Promise<Outcome>;

interface Running {
  readonly probe: ListedProbe;
  /** The names of its fields by their last part. */
  readonly names: Map<string, string>;
  /** By the monotonic clock. */
  due: number;
  isBusy: boolean;
  /** Tries in a row that failed. */
  failed: number;
  /** Undefined until it is decided. */
  isUp: boolean | undefined;
  report: ProbeReport | undefined;
  fields: Fields;
  /** When `fields` were found, by the monotonic clock and by the wall clock. */
  at: number;
  triedAt: number | undefined;
  isGone: boolean;
}

/** What a person is shown of one probe. */
export interface ProbeRecord {
  readonly probe: ListedProbe;
  readonly report: ProbeReport | undefined;
  /** Milliseconds of the last run that succeeded; undefined where it did not. */
  readonly ms: number | undefined;
  /** When it was last tried, epoch milliseconds. */
  readonly triedAt: number | undefined;
}

export interface Runner {
  /** Takes a list in place of the one before. Probes that are in both go on. */
  take(probes: readonly ListedProbe[]): void;
  /** What is known now. `at`: of the monotonic clock. */
  fields(at: number): Fields;
  /** What is said of the probes in words; the same list until something in it has changed. */
  reports(): readonly ProbeReport[];
  records(): readonly ProbeRecord[];
  stop(): void;
}

interface RunnerParts {
  readonly tryOnce: TryOnce;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** The probe without what does not change what it does. */
const workOf = ({ asked_at: _, ...work }: ListedProbe) => JSON.stringify(work);

/** A tried probe's fields: those of its values, and whether it is up where that is decided. */
function fieldsOf({ names, probe, isUp }: Running, values: Outcome['values']): Fields {
  const nameOf = (last: string) => {
    const known = names.get(last) ?? instanceField('probe', probe.name, last);
    names.set(last, known);
    return known;
  };
  const fields: Fields = {};
  if (isUp !== undefined) fields[nameOf('up')] = isUp ? 1 : 0;
  for (const [last, value] of Object.entries(values))
    if (Number.isFinite(value)) fields[nameOf(last)] = value;
  return fields;
}

export function createRunner({ tryOnce, clock, random }: RunnerParts): Runner {
  let all: Running[] = [];
  let reports: readonly ProbeReport[] = [];
  let cancel: () => void = () => undefined;
  let busy = 0;
  /** When tries began within the last second, by the monotonic clock. */
  let begun: number[] = [];
  let isStopped = false;

  const newOne = (probe: ListedProbe): Running => ({
    probe,
    names: new Map(),
    due: clock.monotonic() + random() * Math.min(SPREAD_MS, probe.interval_s * 1000),
    isBusy: false,
    failed: 0,
    isUp: undefined,
    report: undefined,
    fields: {},
    at: -Infinity,
    triedAt: undefined,
    isGone: false,
  });

  function collectReports(): void {
    reports = all.flatMap(({ report }) => (report === undefined ? [] : [report]));
  }

  function tell(one: Running, state: ProbeState, reason: string, remedy: string): void {
    const { report: before, probe } = one;
    const words = cleanText(reason.slice(0, REASON_CHARS));
    const { id, name, asked_at } = probe;
    if (before?.state === state && before.reason === words && before.remedy === remedy)
      if (before.asked_at === asked_at) return;
    const since = before?.state === state ? before.since : clock.now();
    one.report = { id, name, state, since, reason: words, remedy, asked_at };
    collectReports();
  }

  function found(one: Running, outcome: Outcome): void {
    const { problem, values } = outcome;
    one.failed = problem === undefined ? 0 : one.failed + 1;
    const isDecided = problem === undefined || one.failed >= one.probe.tries || one.isUp === false;
    if (isDecided) one.isUp = problem === undefined;
    // How long a failure took is no time of an answer.
    const { ms: _, ...rest } = values;
    one.fields = fieldsOf(one, problem === undefined ? values : rest);
    one.at = clock.monotonic();
    tell(one, problem === undefined ? 'up' : isDecided ? 'down' : 'failing', problem ?? '', '');
    const waitS = one.probe.interval_s;
    one.due += isDecided ? waitS * 1000 : Math.min(TRY_AGAIN_MS, waitS * 1000);
  }

  function refused(one: Running, error: RefusedError): void {
    one.failed = 0;
    one.isUp = undefined;
    one.fields = {};
    tell(one, 'refused', errorText(error), error.remedy);
    one.due += one.probe.interval_s * 1000;
  }

  /** The try's outcome; that it took too long, where it does. */
  async function outcomeOf({ probe }: Running): Promise<Outcome> {
    const over = new AbortController();
    let doing = '';
    const seconds = probe.timeout_s;
    return new Promise<Outcome>((resolve, reject) => {
      const late = clock.after(seconds * 1000, () => {
        const problem = `no answer within ${seconds} s${doing === '' ? '' : `, waiting for ${doing}`}`;
        resolve({ problem, values: {} });
        over.abort();
      });
      tryOnce(probe, { signal: over.signal, doing: (what) => (doing = what) })
        .then(resolve, (error: unknown) => {
          if (error instanceof RefusedError) reject(error);
          else resolve({ problem: errorText(error), values: {} });
        })
        .finally(late);
    });
  }

  async function run(one: Running): Promise<void> {
    one.isBusy = true;
    busy++;
    begun.push(clock.monotonic());
    // The next run is counted from when this one begins.
    one.due = clock.monotonic();
    one.triedAt = clock.now();
    try {
      const outcome = await outcomeOf(one);
      if (!one.isGone) found(one, outcome);
    } catch (error) {
      if (!one.isGone && error instanceof RefusedError) refused(one, error);
    }
    one.isBusy = false;
    busy--;
    plan();
  }

  /** When a try may begin; -Infinity where it may now. */
  function mayBeginAt(now: number): number {
    begun = begun.filter((at) => now - at < 1000);
    const [oldest] = begun;
    return begun.length < MOST_PER_SECOND || oldest === undefined ? -Infinity : oldest + 1000;
  }

  function begin(): void {
    const now = clock.monotonic();
    const due = all.filter((one) => !one.isBusy && one.due <= now).sort((a, b) => a.due - b.due);
    for (const one of due) {
      if (busy >= MOST_AT_ONCE || mayBeginAt(now) > now) break;
      void run(one);
    }
  }

  /** Begins what is due, and waits for what is due next. */
  function plan(): void {
    cancel();
    cancel = () => undefined;
    if (isStopped) return;
    begin();
    const waiting = all.filter(({ isBusy }) => !isBusy);
    // Whatever ends makes room, and plans anew.
    if (waiting.length === 0 || busy >= MOST_AT_ONCE) return;
    const now = clock.monotonic();
    const next = Math.max(Math.min(...waiting.map(({ due }) => due)), mayBeginAt(now));
    cancel = clock.after(Math.max(1, Math.ceil(next - now)), plan);
  }

  return {
    take(probes) {
      const before = new Map(all.map((one) => [one.probe.id, one]));
      const kept = new Set<Running>();
      all = probes.map((probe) => {
        const known = before.get(probe.id);
        if (known === undefined || workOf(known.probe) !== workOf(probe)) return newOne(probe);
        kept.add(known);
        if (probe.asked_at <= known.probe.asked_at) return known;
        // A run that is under way began before a person asked, and is another one's.
        const asked: Running = { ...known, probe, isBusy: false, due: clock.monotonic() };
        known.isGone = true;
        return asked;
      });
      for (const one of before.values()) if (!kept.has(one)) one.isGone = true;
      collectReports();
      plan();
    },
    fields(at) {
      const fields: Fields = {};
      for (const { at: foundAt, probe, fields: own } of all) {
        const { interval_s, timeout_s } = probe;
        if (at - foundAt <= (interval_s + timeout_s) * 1000 + FRESH_MS) Object.assign(fields, own);
      }
      return fields;
    },
    reports: () => reports,
    records: () =>
      all.map(({ probe, report, fields, names, triedAt }) => ({
        ...{ probe, report, triedAt },
        ms: fields[names.get('ms') ?? ''],
      })),
    stop() {
      isStopped = true;
      for (const one of all) one.isGone = true;
      all = [];
      cancel();
    },
  };
}
