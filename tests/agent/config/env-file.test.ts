import { describe, expect, it } from 'vitest';
import { parseEnvFile, withValues } from '../../../agent/config/env-file.ts';

describe('the file of a service’s settings', () => {
  it('the file is read as systemd reads it: comments, quotes, blanks, and values with = and #', () => {
    const text = [
      '# a comment',
      '; another',
      'A=plain',
      'B="two words"',
      "C='single $x'",
      'D=watchfloor://k@h:1?ca=ab',
      'E=x # not a comment',
      'F="a \\"b\\" \\\\ \\$c"',
      'G=',
      'no assignment',
      '  H=indented  ',
    ].join('\n');
    expect(parseEnvFile(text)).toEqual({
      ...{ A: 'plain', B: 'two words', C: 'single $x', D: 'watchfloor://k@h:1?ca=ab' },
      ...{ E: 'x # not a comment', F: 'a "b" \\ $c', G: '', H: 'indented' },
    });
  });

  it('values are set in their lines or added, are read again as they were, and other lines stay', () => {
    const before = '# mine\nA=1\n\nB=2\n';
    const set = { B: 'two "words" \\ $x', C: 'http://u:p@h:1', D: `it's` };
    const after = withValues(before, set);
    expect(after).toMatch(/^# mine\nA=1\n\nB=/);
    expect(parseEnvFile(after)).toEqual({ A: '1', ...set });
    expect(withValues(after, set)).toBe(after);
    expect(withValues('', {})).toBe('');
    expect(() => withValues('', { A: 'x\ny' })).toThrow(/line/);
  });
});
