import { describe, expect, it } from 'vitest';
import { FIRST_PAGE, nextPage, stepped, type RotationStep } from '../../../web/src/wall/rotation.ts';

const second: RotationStep = { seconds: [10, 5, 20], passedMs: 1000, paused: false, pinned: undefined };

/** The pages that are shown second by second. */
function shownFor(seconds: number, step: (second: number) => Partial<RotationStep> = () => ({})): number[] {
  let rotation = FIRST_PAGE;
  return Array.from({ length: seconds }, (_, i) => {
    rotation = stepped(rotation, { ...second, ...step(i) });
    return rotation.index;
  });
}

describe('the pages of a playlist', () => {
  it('each page is shown for its own time, and after the last comes the first', () => {
    const shown = shownFor(36);
    expect(shown.filter((page) => page === 0)).toHaveLength(11);
    expect(shown.indexOf(1)).toBe(9);
    expect(shown.indexOf(2)).toBe(14);
    expect(shown[34]).toBe(0);
  });

  it('a page stays while the pointer moves, and then has the rest of its time', () => {
    const shown = shownFor(20, (i) => ({ paused: i >= 5 && i < 12 }));
    expect(shown.indexOf(1)).toBe(9 + 7);
  });

  it('the wall goes to the critical page, stays on it, and then gives it its whole time', () => {
    const shown = shownFor(60, (i) => ({ pinned: i >= 3 && i < 33 ? 2 : undefined }));
    expect(shown.slice(3, 33).every((page) => page === 2)).toBe(true);
    expect(shown.indexOf(0, 33)).toBe(33 + 19);
  });

  it('a wall of one page stays on it, and a playlist that became shorter begins anew', () => {
    expect(stepped({ index: 0, shownMs: 50_000 }, { ...second, seconds: [10] }).index).toBe(0);
    expect(stepped({ index: 7, shownMs: 1000 }, second)).toEqual({ index: 0, shownMs: 1000 });
    expect(nextPage({ index: 2, shownMs: 500 }, 3)).toEqual(FIRST_PAGE);
  });
});
