/** What is remembered of units of systemd, and of services of Windows, that failed or were started again. */
import { instanceField } from '#protocol/fields.ts';
import type { Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';

/** One that was in trouble is shown for this long after it, in milliseconds, so that its alert sees the end. */
const SHOWN_AFTER = 600_000;
/** Restarts count for an hour. */
const RECENT = 3_600_000;

const namesOf = keepNames((unit) => ({
  failed: instanceField('unit', unit, 'failed'),
  restarts: instanceField('unit', unit, 'restarts'),
}));

/** Times are in milliseconds of a clock that never steps. */
interface Trouble {
  /** When it was last in trouble. */
  at: number;
  restarts: number[];
}

export interface UnitTroubles {
  /** Notes that it was started again, so often. */
  restarted(unit: string, at: number, times?: number): void;
  /** The fields, where these units have failed now. */
  fields(at: number, failed: readonly string[]): Fields;
}

export function rememberTroubles(): UnitTroubles {
  const troubles = new Map<string, Trouble>();
  const troubleOf = (unit: string): Trouble => {
    const known = troubles.get(unit) ?? { at: -Infinity, restarts: [] };
    troubles.set(unit, known);
    return known;
  };
  return {
    restarted(unit, at, times = 1) {
      const trouble = troubleOf(unit);
      trouble.restarts.push(...Array.from({ length: Math.min(times, 1000) }, () => at));
      trouble.at = at;
    },
    fields(at, failed) {
      for (const unit of failed) troubleOf(unit);
      const fields: Fields = { units_failed: failed.length };
      for (const [unit, trouble] of troubles) {
        const isFailed = failed.includes(unit);
        trouble.restarts = trouble.restarts.filter((then) => at - then < RECENT);
        if (isFailed || trouble.restarts.length > 0) trouble.at = at;
        if (at - trouble.at >= SHOWN_AFTER) {
          troubles.delete(unit);
          continue;
        }
        const names = namesOf(unit);
        fields[names.failed] = isFailed ? 1 : 0;
        fields[names.restarts] = trouble.restarts.length;
      }
      return fields;
    },
  };
}
