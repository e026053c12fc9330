import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Temporal } from 'temporal-polyfill';
import { cleanText, isTimeZone, optionalText, text } from '#protocol/text.ts';

describe('cleanText', () => {
  it.each([
    ['half of an emoji', 'web\ud83d', 'web\ufffd'],
    ['the other half', '\udc00web', '\ufffdweb'],
    ['the halves in the wrong order', 'a\udc00\ud800b', 'a\ufffd\ufffdb'],
    ['a line break', 'web\r\nadmin', 'web admin'],
    ['a terminal sequence', 'web\u001b[31m', 'web [31m'],
    ['a NUL and a C1 control', '\u0000web\u0085db', 'web db'],
    ['a line separator', 'web\u2028db\u2029', 'web db'],
    ['a right-to-left override', 'gpj\u202eexe.', 'gpjexe.'],
    ['isolates and marks', '\u2066web\u2069\u200f\u061c', 'web'],
    ['zero-width characters', 'we\u200bb\u2060\ufeff\u00ad', 'web'],
    ['letters that show nothing', '\u3164\u115fweb', 'web'],
    ['tag characters', 'web\u{e0041}\u{e0042}', 'web'],
    ['joiners that join nothing', '\u200d\u200cweb \u200d', 'web'],
    ['space at both ends', '  web\u00a0', 'web'],
  ])('[S6] %s in a text is cleaned', (_, dirty, clean) => {
    expect(cleanText(dirty)).toBe(clean);
    expect(cleanText(clean)).toBe(clean);
  });

  it.each([
    'web-01.example.org',
    'Büro Köln',
    '服务器 3',
    'سرور \u200cمن',
    'می\u200cخواهم',
    'שרת',
    '👩\u200d💻',
    '👁\ufe0f\u200d🗨\ufe0f',
    'C:\\Users "x" <b>',
  ])('[S6] the text %s stays as it is', (given) => {
    expect(cleanText(given)).toBe(given.replace(' \u200c', ' '));
  });

  it('[S6] cleaned text is never longer and always valid UTF-8', () => {
    const blockOf = (first: number) =>
      Array.from({ length: 0x1000 }, (_, i) => `${String.fromCodePoint(first + i)}x`).join('');
    for (let first = 0; first < 0x110000; first += 0x1000) {
      const clean = cleanText(blockOf(first));
      expect(clean.length).toBeLessThanOrEqual(blockOf(first).length);
      expect(clean).toBe(Buffer.from(clean).toString());
    }
  });
});

describe('the text type', () => {
  it('[S6] text in which nothing can be seen is refused', () => {
    for (const nothing of ['', '   ', '\u200b', '\n\t', '\u202e\u202c', '\u3164', '\u200d\ufe0f'])
      expect(text(10).safeParse(nothing).success).toBe(false);
    expect(optionalText(10).parse('\u200b')).toBe('');
  });

  it('[S6] the type cleans the text, limits its length and is described in JSON Schema', () => {
    expect(text(10).parse(' a\nb ')).toBe('a b');
    expect(text(3).safeParse('abcd').success).toBe(false);
    for (const io of ['input', 'output'] as const)
      expect(z.toJSONSchema(text(3), { io })).toMatchObject({ type: 'string', minLength: 1, maxLength: 3 });
  });
});

describe('isTimeZone', () => {
  it.each(['IST', 'CST', 'pst', 'ACT', 'JST', 'Mars/Olympus', ''])('%o names no one time zone', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });

  it('every time zone that is taken has days and months', () => {
    const names = [
      ...Intl.supportedValuesOf('timeZone'),
      'UTC',
      'GMT',
      'EST',
      'MST',
      'HST',
      'CET',
      'EET',
      'PRC',
    ];
    for (const name of names.filter(isTimeZone))
      expect(Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).year).toBeTypeOf('number');
    expect(names.filter((name) => !isTimeZone(name))).toEqual([]);
  });

  it('no name of three letters is taken that the calendar does not know', () => {
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const taken = letters
      .flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)))
      .filter((name) => isTimeZone(name));
    expect(taken).toContain('UTC');
    for (const name of taken)
      expect(() => Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name), name).not.toThrow();
  });
});
