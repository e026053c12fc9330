import { describe, expect, it } from 'vitest';
import { isOld } from '../../../web/src/live/link.ts';
import { linkWords } from '../../../web/src/shell/link-words.ts';

describe('the link in words', () => {
  it('[L4] a live link needs no words; any other one says how long no data came', () => {
    expect(linkWords('live', 0)).toMatchObject({ state: 'good', word: 'Live', sentence: '' });
    expect(linkWords('connecting', undefined).word).toBe('Connecting');
    expect(linkWords('connecting', undefined).sentence).toBe('');
    expect(linkWords('lost', 1500).sentence).toBe('Reconnecting…');
    expect(linkWords('stale', 14_200).sentence).toContain('No data for 14 s');
  });

  it('[L4] a page whose first attempt to connect failed says so', () => {
    expect(linkWords('lost', undefined).sentence).toBe(
      'No live data: the server does not answer. Trying again…',
    );
  });

  it('[L4] a page that has not connected yet does not say that numbers arrive', () => {
    expect(linkWords('live', 0).hint).toBe('Numbers arrive as they are measured');
    expect(linkWords('connecting', undefined).hint).toBe('Connecting to the server…');
    expect(linkWords('lost', undefined).hint).toContain('No live data');
    expect(linkWords('lost', 1500).hint).toBe('Reconnecting…');
  });

  it.each([
    ['live', 0, false],
    ['connecting', undefined, false],
    ['lost', 1500, false],
    ['lost', 4000, true],
    ['connecting', 4000, true],
    ['stale', 8000, true],
    ['lost', undefined, true],
  ] as const)(
    '[L4] %s and silent for %s ms: what is shown is from before: %s',
    (link, silentMs, expected) => {
      expect(isOld(link, silentMs)).toBe(expected);
    },
  );
});
