import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { bitRate, bytes, figure, text } from '#protocol/figure.ts';
import { preferences, type Preferences } from '#protocol/preferences.ts';
import { speak } from '../../../web/src/format/messages.ts';
import { keep, keptIn, prefer } from '../../../web/src/format/preferences.ts';
import { between, hourMinute, moment, timeZone, when } from '../../../web/src/format/time.ts';

const early = readFileSync(new URL('../../../web/static/theme.js', import.meta.url), 'utf8');
const withChosen = (chosen: Partial<Preferences>, server_zone = 'America/New_York') => ({
  preferences: preferences.parse(chosen),
  server_zone,
});
const T = Date.UTC(2026, 10, 22, 18, 7, 9);

function memoryOf(stored: Record<string, string> = {}) {
  return {
    stored,
    getItem: (key: string) => stored[key] ?? null,
    setItem: (key: string, value: string) => void (stored[key] = value),
    removeItem: (key: string) => void delete stored[key],
  };
}

afterEach(async () => {
  await speak('en');
  prefer(withChosen({}));
});

describe('what a reader prefers', () => {
  it('times are written in the zone that was chosen: a named one, or the server’s', () => {
    prefer(withChosen({ time_zone: 'Asia/Kathmandu' }));
    expect([moment(T), timeZone()]).toEqual(['22 Nov 2026, 23:52:09', 'Asia/Kathmandu']);
    prefer(withChosen({ time_zone: 'server' }));
    expect(moment(T)).toBe('22 Nov 2026, 13:07:09');
  });

  it('times are in the browser’s zone where it does not know the one of the server', () => {
    prefer(withChosen({ time_zone: 'server' }, 'Atlantis/New_Capital'));
    expect(timeZone()).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
    expect(moment(T)).toContain('2026');
  });

  it('what is today, and this year, is so in the zone that was chosen', () => {
    prefer(withChosen({ time_zone: 'Pacific/Auckland' }));
    const newYear = Date.UTC(2026, 11, 31, 12);
    expect(when(Date.UTC(2026, 11, 31, 10), newYear)).toBe('31 Dec 2026, 23:00:00');
    expect(between(newYear - 7_200_000, newYear)).toBe('31 Dec 2026 23:00 – 1 Jan 2027 01:00');
  });

  it('a clock of 12 hours says which half of the day it is', () => {
    prefer(withChosen({ time_zone: 'UTC', clock: '12' }));
    expect(hourMinute(T)).toBe('6:07 pm');
    expect(hourMinute(T - 18 * 3_600_000)).toBe('12:07 am');
  });

  it('sizes, rates of networks and temperatures are written in the units that were chosen', async () => {
    const all = () => [bytes(2 ** 34), bitRate(12_500_000), figure('sensor:a:celsius', 61)].map(text);
    expect(all()).toEqual(['16.0 GiB', '100 Mbit/s', '61.0 °C']);
    prefer(withChosen({ bytes: 'decimal', network: 'bytes', temperature: 'fahrenheit' }));
    expect(all()).toEqual(['17.2 GB', '12.5 MB/s', '142 °F']);
  });

  it('German has its own decimal sign and names of months', async () => {
    await speak('de');
    prefer(withChosen({ time_zone: 'UTC' }));
    expect(moment(T - 6 * 30 * 86_400_000)).toBe('26. Mai 2026, 18:07:09');
    expect(text(bytes(2 ** 34))).toBe('16,0 GiB');
  });
});

describe('what a browser keeps', () => {
  it('a page that will differ is told once', () => {
    const memory = memoryOf();
    expect(keep(memory, withChosen({ language: 'de' }))).toBe(true);
    expect(keep(memory, withChosen({ language: 'de' }))).toBe(false);
    expect(keptIn(memory)).toEqual(withChosen({ language: 'de' }));
  });

  it('static/theme.js reads the language under the key that it is kept under, before the first paint', () => {
    const memory = memoryOf();
    keep(memory, withChosen({ language: 'de' }));
    const [key] = Object.entries(memory.stored).find(([, value]) => value === 'de') ?? [];
    expect(early).toContain(`kept('${key}')`);
    keep(memory, withChosen({ language: 'system' }));
    expect(Object.values(memory.stored)).not.toContain('de');
  });

  it.each(['', '{', '{"preferences":{"clock":"13"},"server_zone":"UTC"}'])(
    'what this version does not understand (%j) is read as nothing chosen',
    (text) => {
      const { preferences: read } = keptIn(memoryOf({ 'watchfloor-preferences': text }));
      expect(read).toEqual(preferences.parse({}));
    },
  );

  it('without storage the defaults hold, and no page is loaded again', () => {
    expect(keep(null, withChosen({ language: 'de' }))).toBe(false);
    expect(keptIn(null).preferences.language).toBe('system');
  });
});
