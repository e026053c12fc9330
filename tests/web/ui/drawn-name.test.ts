import { describe, expect, it } from 'vitest';
import { cutText, isRightToLeft } from '../../../web/src/ui/drawn-name.ts';

/** A canvas on which each letter is 10 pixels wide. */
const context: Pick<CanvasRenderingContext2D, 'measureText'> = {
  measureText: (text: string) => ({ ...EMPTY, width: [...text].length * 10 }),
};
const EMPTY = {
  width: 0,
  actualBoundingBoxAscent: 0,
  actualBoundingBoxDescent: 0,
  actualBoundingBoxLeft: 0,
  actualBoundingBoxRight: 0,
  alphabeticBaseline: 0,
  emHeightAscent: 0,
  emHeightDescent: 0,
  fontBoundingBoxAscent: 0,
  fontBoundingBoxDescent: 0,
  hangingBaseline: 0,
  ideographicBaseline: 0,
};

describe('a name on a canvas', () => {
  it('a name that has room is whole, and a longer one is cut at its end', () => {
    expect(cutText(context, 'web-1', 50)).toBe('web-1');
    expect(cutText(context, 'web-10', 50)).toBe('web-…');
    expect(cutText(context, 'web-10', 15)).toBe('');
  });

  it('the longest name is cut without a broken letter', () => {
    expect(cutText(context, '🐧'.repeat(300), 45)).toBe('🐧🐧🐧…');
    expect(cutText(context, 'w'.repeat(255), 5000)).toBe(`${'w'.repeat(80)}…`);
  });

  it('the first letter says whether a name is written from right to left', () => {
    expect(isRightToLeft('שרת-1')).toBe(true);
    expect(isRightToLeft('10-خادم web')).toBe(true);
    expect(isRightToLeft('web-שרת')).toBe(false);
    expect(isRightToLeft('漢字')).toBe(false);
    expect(isRightToLeft('192.0.2.1')).toBe(false);
  });
});
