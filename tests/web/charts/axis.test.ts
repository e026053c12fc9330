import { afterEach, describe, expect, it } from 'vitest';
import { styleFigures } from '#protocol/figure.ts';
import { ageTicks, timeTicks, valueAxis, type ValueAxis } from '../../../web/src/charts/axis.ts';
import { createZone, wallTime, type Zone } from '../../../web/src/format/zone.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UTC = createZone('UTC');
const at = (text: string) => new Date(text).getTime();

describe('the value axis', () => {
  it('the axis of a percentage goes from 0 to 100', () => {
    const axis = valueAxis('cpu', 3, 100);
    expect(axis.top).toBe(100);
    expect(axis.ticks).toEqual([0, 50, 100]);
    expect(axis.unit).toBe('%');
  });

  it('the axis of network traffic has round numbers of bits', () => {
    const axis = valueAxis('net_rx', 2_900_000);
    expect(axis.unit).toBe('Mbit/s');
    expect(axis.ticks.map(axis.label)).toEqual(['0', '10', '20', '30']);
    expect(axis.top).toBe(30_000_000 / 8);
  });

  it("the axis of memory ends with the machine's memory and has ticks at powers of two", () => {
    const axis = valueAxis('mem_used_bytes', 0, 31.2 * 2 ** 30);
    expect(axis.top).toBeCloseTo(31.2 * 2 ** 30, 0);
    // Its top is the memory there is.
    expect(axis.ticks.map(axis.label)).toEqual(['0', '8', '16', '24', '31.2']);
    expect(axis.unit).toBe('GiB');
  });

  it('an axis made for its own top has the same top: it does not grow', () => {
    for (const most of [0.3, 1, 7, 99, 1234, 5e7]) {
      const { top } = valueAxis('load1', most);
      expect(valueAxis('load1', top).top).toBeCloseTo(top, 9);
      expect(top).toBeGreaterThanOrEqual(most);
    }
  });

  it('a value axis has three to six ticks, however large its values are', () => {
    for (let size = 0.001; size < 1e12; size *= 1.7)
      for (const field of ['load1', 'net_rx', 'disk_read', 'mem_used_bytes', 'sensor:x:celsius']) {
        const { ticks } = valueAxis(field, size);
        expect(ticks.length, `${field} ${size}`).toBeGreaterThanOrEqual(3);
        expect(ticks.length, `${field} ${size}`).toBeLessThanOrEqual(6);
      }
  });

  it('a value axis without values has a top above 0', () => {
    const axis = valueAxis('orders', 0);
    expect(axis.top).toBeGreaterThan(0);
    expect(axis.ticks.every(Number.isFinite)).toBe(true);
  });
});

describe('the time axis', () => {
  it('the time axis of 6 hours has ticks on whole hours', () => {
    const from = at('2026-11-22T10:07:00Z');
    expect(timeTicks(from, from + 6 * HOUR, 6, UTC).map(({ label }) => label)).toEqual([
      '11:00',
      '12:00',
      '13:00',
      '14:00',
      '15:00',
      '16:00',
    ]);
  });

  it('the time axis of a day names the date at midnight', () => {
    const from = at('2026-11-22T12:00:00Z');
    expect(timeTicks(from, from + 24 * HOUR, 4, UTC).map(({ label }) => label)).toEqual([
      '12:00',
      '18:00',
      '23 Nov',
      '06:00',
    ]);
  });

  it('the time axis of a year has ticks on first days of months', () => {
    const from = at('2026-01-15T00:00:00Z');
    const labels = timeTicks(from, from + 365 * 24 * HOUR, 6, UTC).map(({ label }) => label);
    expect(labels).toEqual(['Apr', 'Jul', 'Oct', '2027']);
  });

  it('the time axis never has more ticks than there is room for', () => {
    const from = at('2026-03-03T03:03:03Z');
    for (const hours of [0.1, 1, 6, 24, 168, 720, 8760])
      for (const most of [2, 4, 8])
        expect(timeTicks(from, from + hours * HOUR, most, UTC).length).toBeLessThanOrEqual(most + 1);
  });

  it('the time axis of live charts counts back from now, so that its ticks do not move', () => {
    expect(ageTicks(300_000).map(({ label }) => label)).toEqual([
      '−5 min',
      '−4 min',
      '−3 min',
      '−2 min',
      '−1 min',
      'now',
    ]);
    expect(ageTicks(120_000).map(({ label }) => label)).toEqual([
      '−2 min',
      '−90 s',
      '−1 min',
      '−30 s',
      'now',
    ]);
  });
});

describe('the time axis where the clocks change', () => {
  /** When the offset of a time zone changes in a year; the middle of the year where it never does. */
  const clockChanges = (zone: Zone, year: number) => {
    const found: number[] = [];
    const end = Date.UTC(year + 1, 0, 1);
    for (let day = Date.UTC(year, 0, 1); day < end; day += DAY) {
      if (zone.offsetAt(day) === zone.offsetAt(day + DAY)) continue;
      let t = day;
      while (zone.offsetAt(t) === zone.offsetAt(day)) t += HOUR;
      found.push(t);
    }
    return found.length > 0 ? found : [Date.UTC(year, 6, 1)];
  };
  const labelsFrom = (name: string, text: string, hours: number, most: number) => {
    const from = at(text);
    return timeTicks(from, from + hours * HOUR, most, createZone(name)).map(({ label }) => label);
  };

  it('a week over the end of summer time in Berlin has every day once, at its midnight', () => {
    const zone = createZone('Europe/Berlin');
    const from = at('2026-10-21T08:00:00Z');
    const ticks = timeTicks(from, from + 7 * 24 * HOUR, 8, zone);
    expect(ticks.map(({ label }) => label)).toEqual([
      ...['22 Oct', '23 Oct', '24 Oct', '25 Oct', '26 Oct', '27 Oct', '28 Oct'],
    ]);
    expect(ticks.map(({ t }) => wallTime(zone, t) % DAY)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    // The day of 25 hours is as much wider.
    expect((ticks[4]?.t ?? 0) - (ticks[3]?.t ?? 0)).toBe(25 * HOUR);
  });

  it('the night in which the clocks go forward has no tick at an hour that does not exist', () => {
    expect(labelsFrom('Europe/Berlin', '2026-03-28T22:30:00Z', 5, 6)).toEqual([
      ...['00:00', '01:00', '03:00', '04:00', '05:00'],
    ]);
    expect(labelsFrom('America/New_York', '2026-03-08T04:30:00Z', 5, 6)).toEqual([
      ...['00:00', '01:00', '03:00', '04:00', '05:00'],
    ]);
  });

  it('an hour that comes twice is labelled twice, each with its offset from UTC', () => {
    expect(labelsFrom('Europe/Berlin', '2026-10-24T22:30:00Z', 5, 6)).toEqual([
      ...['01:00', '02:00 +2', '02:00 +1', '03:00', '04:00'],
    ]);
    expect(labelsFrom('America/New_York', '2026-11-01T04:30:00Z', 4, 6)).toEqual([
      ...['01:00 −4', '01:00 −5', '02:00', '03:00'],
    ]);
    // There the clocks are set back by half an hour.
    expect(labelsFrom('Australia/Lord_Howe', '2026-04-04T13:45:00Z', 2, 6)).toEqual([
      ...['01:00', '01:30 +11', '01:30 +10:30', '02:00'],
    ]);
  });

  it('an hour of which only the second time is shown needs no offset', () => {
    expect(labelsFrom('Europe/Berlin', '2026-10-25T01:20:00Z', 1, 4)).toEqual([
      ...['02:30', '02:45', '03:00', '03:15'],
    ]);
  });

  it('hours are round on clocks that are not whole hours from UTC', () => {
    expect(labelsFrom('Asia/Kathmandu', '2026-11-22T10:07:00Z', 4, 5)).toEqual([
      ...['16:00', '17:00', '18:00', '19:00'],
    ]);
  });

  it('a range below a few minutes has ticks with seconds', () => {
    expect(labelsFrom('UTC', '2026-11-22T10:07:03Z', 1 / 60, 4)).toEqual(['10:07:30', '10:08:00']);
  });

  it('a day that begins at one in the morning is labelled where it begins', () => {
    // In Cairo and Santiago the clocks go from 23:59 to 01:00.
    for (const [name, from, day] of [
      ['Africa/Cairo', '2026-04-23T10:00:00Z', '24 Apr'],
      ['America/Santiago', '2026-09-05T16:00:00Z', '6 Sept'],
    ] as const) {
      const zone = createZone(name);
      const ticks = timeTicks(at(from), at(from) + 24 * HOUR, 5, zone);
      const begin = ticks.find(({ label }) => label === day);
      expect(begin && wallTime(zone, begin.t) % DAY, name).toBe(HOUR);
    }
  });

  it('every tick is at the round local time that its label says, everywhere, over both changes of the year', () => {
    for (const name of [
      ...['Europe/Berlin', 'America/New_York', 'America/St_Johns', 'America/Santiago', 'Atlantic/Azores'],
      ...['Australia/Lord_Howe', 'Pacific/Chatham', 'Africa/Cairo', 'Asia/Kathmandu', 'Asia/Beirut', 'UTC'],
    ]) {
      const zone = createZone(name);
      const timeOf = new Intl.DateTimeFormat('en-GB', {
        ...{ hour: '2-digit', minute: '2-digit' },
        timeZone: name,
      });
      const dayOf = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: name });
      for (const [hours, most] of [
        [3, 6],
        [12, 6],
        [48, 8],
        [168, 8],
        [720, 8],
      ] as const) {
        for (const change of clockChanges(zone, 2026)) {
          const from = change - (hours / 2) * HOUR;
          const ticks = timeTicks(from, from + hours * HOUR, most, zone);
          const where = `${name}, ${hours} h from ${new Date(from).toISOString()}`;
          expect(ticks.length, where).toBeGreaterThan(0);
          const labels = ticks.map(({ label }) => label);
          expect(new Set(labels.filter((label) => hours <= 12 || !label.includes(':'))).size, where).toBe(
            labels.filter((label) => hours <= 12 || !label.includes(':')).length,
          );
          for (const { t, label } of ticks) {
            const [time, day] = [timeOf.format(t), dayOf.format(t)];
            expect([time, day], where).toContain(label.replace(/ [+−±].*/, ''));
            if (label === day) expect(['00:00', '01:00'], where).toContain(time);
          }
        }
      }
    }
  });
});

describe('axes in the units that the reader chose', () => {
  afterEach(() => styleFigures({ decimal: '.', byteBase: 1024, network: 'bits', temperature: 'celsius' }));
  const labels = ({ ticks, label, unit }: ValueAxis) => [...ticks.map(label), unit];

  it('a temperature in degrees Fahrenheit has round numbers, from the first above freezing', () => {
    styleFigures({ decimal: '.', byteBase: 1024, network: 'bits', temperature: 'fahrenheit' });
    const axis = valueAxis('sensor:cpu:celsius', 61);
    expect(labels(axis)).toEqual(['50', '100', '150', '°F']);
    expect(axis.top).toBeCloseTo((150 - 32) / 1.8);
    expect(axis.ticks[0]).toBeCloseTo(10);
  });

  it('bytes count by the thousand and traffic in bytes where that was chosen, with the decimal sign of the language', () => {
    styleFigures({ decimal: ',', byteBase: 1000, network: 'bytes', temperature: 'celsius' });
    expect(labels(valueAxis('mem_used_bytes', 7e9))).toEqual(['0', '2,5', '5', '7,5', 'GB']);
    expect(labels(valueAxis('net_rx', 2.4e6))).toEqual(['0', '1', '2', '3', 'MB/s']);
  });
});
