/**
 * Makes the agent's pushes: what the server has to know about this machine, and the samples in columns.
 *
 *     {"device_id": …, "hostname": …, "ip": …, "sent_at": …, "run_id": …, "machine": …, "interval_s": 5,
 *      "fields": ["cpu", "core:0:cpu"], "rows": [[1767225600000, 3.5, null], …]}
 *
 * `follows` is part of each push until the server accepted one, `inventory` until it accepted one with it; `dropped` is
 * part of a push when samples were lost; `declarations` is where the collectors' own fields mean something else than the
 * server knows; `processes` has the reports on processes that came with the samples.
 */
import type { Inventory } from '#protocol/sample.ts';
import type { Link } from '../link/link.ts';
import type { Outcome } from '../link/outcome.ts';
import type { Run } from '../machine/run.ts';
import { datedBy, type CurrentSetting } from '../sampling/clock-steps.ts';
import type { Clock } from '../sampling/clock.ts';
import type { Pace } from '../sampling/pace.ts';
import type { Sample } from '../sampling/sample.ts';
import type { Declared } from './declared.ts';
import type { Spool } from './spool.ts';
import type { Told } from './told.ts';

/** Pushes samples as one request. */
export type Push = (samples: readonly Sample[]) => Promise<Outcome>;

/** The time of a sample, then a value for each field; null where the sample does not have the field. */
type Row = (number | null)[];

/** The names of all fields, in the order in which the samples bring them, and one row for each sample. */
export function inColumns(samples: readonly Sample[]): { fields: string[]; rows: Row[] } {
  const names = new Set<string>();
  for (const { fields } of samples) for (const name in fields) names.add(name);
  const fields = [...names];
  const rows = samples.map((sample) => {
    const row: Row = [sample.t];
    for (const name of fields) row.push(sample.fields[name] ?? null);
    return row;
  });
  return { fields, rows };
}

/** The reports on processes of the samples, each with its time. */
export function reportsOf(samples: readonly Sample[]) {
  return samples.flatMap(({ t, processes }) => (processes === undefined ? [] : [{ at: t, ...processes }]));
}

interface PushParts {
  /** What the collectors declare of their own fields. */
  readonly declared: () => Declared | undefined;
  readonly link: Pick<Link, 'deviceId' | 'push'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly clockSetting: CurrentSetting;
  readonly hostname: string;
  readonly run: Run;
  /** [F4] A short name for this very machine; undefined where it has none. */
  readonly machine: string | undefined;
  /** This machine's address as it is now. */
  readonly address: () => string;
  /** Undefined until it is gathered. */
  readonly inventory: () => Inventory | undefined;
  readonly pace: Pick<Pace, 'now'>;
  readonly spool: Pick<Spool, 'dropped' | 'reported'>;
  readonly told: Told;
}

export function createPush(parts: PushParts): Push {
  const { link, clock, declared, clockSetting, hostname, address, inventory, pace, spool, told } = parts;
  const { run, machine } = parts;
  /** The inventory that the server has of this machine, and as which device. */
  let accepted: { readonly inventory: Inventory | undefined; readonly as: string } | undefined;
  let isShared = false;
  let known: Declared | undefined;
  return async (samples) => {
    const found = inventory();
    const own = declared();
    const dropped = spool.dropped();
    const setting = clockSetting();
    const dated = samples.map((sample) => datedBy(setting, sample));
    const processes = reportsOf(dated);
    const as = link.deviceId();
    const isKnown = accepted?.as === as && accepted.inventory === found;
    const body = {
      device_id: as,
      hostname,
      ip: address(),
      sent_at: clock.now(),
      run_id: run.id,
      ...(accepted === undefined && run.follows !== undefined ? { follows: run.follows } : {}),
      ...(machine === undefined ? {} : { machine }),
      interval_s: pace.now().pushMs / 1000,
      ...(found === undefined || isKnown ? {} : { inventory: found }),
      ...(own === undefined ? {} : { declared: own.mark }),
      ...(own === undefined || own === known ? {} : { declarations: own.declarations }),
      ...(dropped > 0 ? { dropped } : {}),
      ...(processes.length > 0 ? { processes } : {}),
      ...inColumns(dated),
    };
    const outcome = await link.push(JSON.stringify(body));
    if (outcome.kind !== 'accepted') return outcome;
    const { accepted: taken, duplicates, ignored } = outcome.reply;
    const counted = taken + duplicates + (ignored?.samples ?? 0);
    if (counted !== samples.length)
      return {
        kind: 'unreachable',
        reason: `the reply counts ${counted} of the ${samples.length} samples of a push: it is not the server's reply to it`,
      };
    const wasShared = isShared;
    isShared = outcome.reply.other_agent !== undefined;
    // [F4] An agent that pushes no more may have overwritten it.
    accepted = { as, inventory: wasShared && !isShared ? undefined : found };
    known = outcome.reply.declare === true ? undefined : own;
    spool.reported(dropped);
    told(outcome.reply);
    return outcome;
  };
}
