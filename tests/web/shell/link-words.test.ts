import { describe, expect, it } from 'vitest';
import { linkWords } from '../../../web/src/shell/link-words.ts';

describe('the link in words', () => {
  it('[L4] a live link needs no words; any other one says how long no data came', () => {
    expect(linkWords('live', 0)).toEqual({ state: 'good', word: 'Live', sentence: '' });
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
});
