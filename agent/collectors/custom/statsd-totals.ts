/**
 * What lines of StatsD come to from one sample to the next. Counters become rates per second; timers their rate, mean,
 * 95th percentile and maximum; sets how many different members they had within ten seconds.
 */
import type { Declarations } from '#protocol/declarations.ts';
import { declarationKey } from '#protocol/meaning.ts';
import { instanceField } from '#protocol/fields.ts';
import { unitOfName, unitPerSecond } from '#protocol/units.ts';
import type { Fields } from '../collector.ts';
import { createDeclarationList } from './declaration-list.ts';
import { fieldOf, instanceOf } from './field-names.ts';
import { ownText } from './own-text.ts';
import { isPossible, significant } from './readings.ts';
import type { Line, LineType } from './statsd-lines.ts';

/** [I8] The most different names with tags. */
export const MOST_NAMES = 1000;
/** What is not sent for so long, in milliseconds, is no longer told: its program ended. */
const KEPT_FOR = 300_000;
/** Of so many times of an interval the percentile is made; of more, of a sample of them. */
const MOST_TIMES = 1000;
const MOST_MEMBERS = 10_000;
const SET_WINDOW = 10_000;
const MOST_TOLD = 3;

interface Total {
  readonly type: LineType;
  /** The name and the field, without what tells the parts of a timer from one another. */
  readonly name: string;
  readonly instance: string;
  readonly isMs: boolean;
  usedAt: number;
  /** Of a counter and a timer: how many events. Of a gauge: its value. */
  count: number;
  sum: number;
  /** Times that were really sent, of which `times` may be a part. */
  seen: number;
  times: number[];
  members: Set<string>;
  /** When the window of a set began, and how many members the one before it had. */
  windowAt: number;
  lastMembers: number | undefined;
}

export interface Totals {
  /** Returns whether there was room for it. */
  add(line: Line): boolean;
  /** The fields since the last call. @param at of a clock that never steps, milliseconds */
  take(at: number): Fields;
  declared(): Declarations;
  /** The first fields that the last call had twice, of names or tags that differ in letters that a field cannot have. */
  twice(): readonly string[];
}

/** @param random from 0 to 1, another one at each call */
export function createTotals(kind: string, random: () => number = Math.random): Totals {
  const totals = new Map<string, Total>();
  const declarations = createDeclarationList();
  /** When the declarations were begun anew. */
  let declaredAt = 0;
  let repeated: string[] = [];
  let takenAt: number | undefined;

  const make = (line: Line, at: number): Total => ({
    ...{ type: line.type, isMs: line.isMs },
    ...{ name: ownText(line.name), instance: ownText(instanceOf(line.labels)) },
    ...{ usedAt: at, count: 0, sum: 0, seen: 0, times: [], members: new Set(), windowAt: at },
    lastMembers: undefined,
  });

  const addTime = (total: Total, value: number, weight: number) => {
    total.count += weight;
    total.sum += value * weight;
    total.seen++;
    if (total.times.length < MOST_TIMES) total.times.push(value);
    else {
      const place = Math.floor(random() * total.seen);
      if (place < MOST_TIMES) total.times[place] = value;
    }
  };

  const addMember = ({ members }: Total, value: string) => {
    const member = value.slice(0, 100);
    if (members.size < MOST_MEMBERS && !members.has(member)) members.add(ownText(member));
  };

  const addTo = (total: Total, { values, isDelta, weight }: Line) => {
    for (const value of values) {
      if (total.type === 'set') addMember(total, value);
      else if (total.type === 'timer') addTime(total, Number(value), weight);
      else if (total.type === 'counter') total.count += Number(value) * weight;
      else total.count = isDelta ? total.count + Number(value) : Number(value);
    }
  };

  const put = (fields: Fields, total: Total, suffix: string, value: number, unit?: string) => {
    const { name, instance } = total;
    if (!isPossible(value)) return;
    const field = instanceField(kind, instance, fieldOf(name, suffix));
    if (fields[field] !== undefined) {
      if (repeated.length < MOST_TOLD) repeated.push(field);
      return;
    }
    fields[field] = total.type === 'gauge' ? value : significant(value);
    const key = declarationKey(field);
    if (unit !== undefined && declarations.get(key)?.unit !== unit) declarations.set(key, { unit });
  };

  /** Drops what is no longer sent; where there is no more room, its declarations make room for others. */
  const dropOld = (at: number) => {
    let isAny = false;
    for (const [key, total] of totals) {
      if (at - total.usedAt > KEPT_FOR) isAny = totals.delete(key);
    }
    if (!isAny || !declarations.isFull() || at - declaredAt < KEPT_FOR) return;
    declarations.clear();
    declaredAt = at;
  };

  const takeTimes = (fields: Fields, total: Total, seconds: number) => {
    put(fields, total, '_count', total.count / seconds, 'per_second');
    const unit = total.isMs ? 'milliseconds' : unitOfName(total.name);
    if (total.times.length > 0) {
      const sorted = total.times.sort((a, b) => a - b);
      put(fields, total, '_mean', total.sum / total.count, unit);
      put(fields, total, '_p95', sorted[Math.ceil(sorted.length * 0.95) - 1] ?? NaN, unit);
      put(fields, total, '_max', sorted.at(-1) ?? NaN, unit);
    }
    Object.assign(total, { count: 0, sum: 0, seen: 0, times: [] });
  };

  const takeMembers = (fields: Fields, total: Total, at: number) => {
    if (at - total.windowAt >= SET_WINDOW) {
      total.lastMembers = total.members.size;
      total.members = new Set();
      total.windowAt = at;
    }
    if (total.lastMembers !== undefined) put(fields, total, '', total.lastMembers, 'count');
  };

  return {
    add(line) {
      const at = takenAt ?? 0;
      const key = `${line.type === 'set' || line.type === 'timer' ? line.type : ''}|${line.name}|${line.labels.join('|')}`;
      let total = totals.get(key);
      // A gauge that is sent as a counter now, or the other way round.
      if (total !== undefined && total.type !== line.type) total = undefined;
      if (total === undefined) {
        if (totals.size >= MOST_NAMES && !totals.has(key)) return false;
        totals.set(key, (total = make(line, at)));
      }
      total.usedAt = at;
      addTo(total, line);
      return true;
    },
    take(at) {
      const fields: Fields = {};
      const seconds = takenAt === undefined ? undefined : (at - takenAt) / 1000;
      takenAt = at;
      repeated = [];
      dropOld(at);
      for (const total of totals.values()) {
        if (total.type === 'gauge') put(fields, total, '', total.count, unitOfName(total.name));
        else if (total.type === 'set') takeMembers(fields, total, at);
        else if (seconds !== undefined && seconds > 0) {
          if (total.type === 'timer') takeTimes(fields, total, seconds);
          else {
            put(fields, total, '', total.count / seconds, unitPerSecond(unitOfName(total.name)));
            total.count = 0;
          }
        }
      }
      return fields;
    },
    declared: declarations.all,
    twice: () => repeated,
  };
}
