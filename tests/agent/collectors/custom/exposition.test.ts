import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { parseExposition, type KnownSeries } from '../../../../agent/collectors/custom/exposition.ts';

const FOLDER = join(import.meta.dirname, 'fixtures');
const fixture = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

/** Series and values as they were read. */
const read = (text: string) =>
  parseExposition(text).points.map(({ series: { name, labels }, value, time }) => [
    name,
    Object.fromEntries(labels),
    value,
    ...(time === undefined ? [] : [time]),
  ]);

/** A generator of numbers that gives the same ones in every run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('the text of exporters', () => {
  it('every text that a real exporter wrote is read to its end, line by line', () => {
    for (const name of readdirSync(FOLDER)) {
      const text = fixture(name);
      const { points, problems, isWhole } = parseExposition(text);
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      expect({ name, problems, isWhole, points: points.length }).toEqual({
        ...{ name, problems: [], isWhole: true, points: lines.length },
      });
    }
  });

  it('labels have commas, braces, quotes, backslashes and lines’ ends in their values', () => {
    expect(read(String.raw`a{x="1,}2",y="say \"hi\" \\ \n.",} 3` + '\n')).toEqual([
      ['a', { x: '1,}2', y: 'say "hi" \\ \n.' }, 3],
    ]);
    expect(read('a { x = "1" , y="" }   +2e3\t \r\n')).toEqual([['a', { x: '1' }, 2000]]);
    expect(read('{"my.metric é",x="1"} 2\n{"other"} 3\n')).toEqual([
      ['my.metric é', { x: '1' }, 2],
      ['other', {}, 3],
    ]);
  });

  it('what cannot be drawn is NaN, and an exemplar is no part of the value', () => {
    expect(read('a NaN\nb +Inf\nc -Inf\nd{le="1"} 17 # {trace="x y"} 0.5 1700000000.1\n')).toEqual([
      ['a', {}, NaN],
      ['b', {}, NaN],
      ['c', {}, NaN],
      ['d', { le: '1' }, 17],
    ]);
  });

  it('a time is read in the milliseconds of Prometheus and in the seconds of OpenMetrics', () => {
    expect(read('a 1 1700000000123\na 1 1700000000.123\n')).toEqual([
      ['a', {}, 1, 1_700_000_000_123],
      ['a', {}, 1, 1_700_000_000_123],
    ]);
  });

  it('HELP, TYPE and UNIT are kept by the metric’s name', () => {
    const { families } = parseExposition(
      String.raw`# HELP a Two\nlines, a \\ and more.` +
        '\n# TYPE a  COUNTER\n# UNIT a bytes\n# a comment\n#\n',
    );
    expect([...families]).toEqual([
      ['a', { help: 'Two\nlines, a \\ and more.', type: 'counter', unit: 'bytes' }],
    ]);
  });

  it('a comment that is not in the form of HELP, TYPE or UNIT, or has no end of its name, says nothing', () => {
    const texts = ['#HELP a b', '# HELP', '# HELP ', '# HELPER a b', '# HELP "a b', '# HELP "a\\" b'];
    for (const text of texts) expect([text, parseExposition(`${text}\n`).families.size]).toEqual([text, 0]);
    const { families } = parseExposition('#\tHELP\t"a \\" b"  c\n# TYPE d\n');
    expect([...families]).toEqual([
      ['a " b', { help: 'c' }],
      ['d', { type: '' }],
    ]);
  });

  it('[I8] a comment is read to its 4096th character, whatever separates its lines', () => {
    const { families } = parseExposition(`# HELP a ${'b'.repeat(5000)}\n# HELP c d\u2028e\rf\n`);
    expect(families.get('a')?.help).toHaveLength(4096 - '# HELP a '.length);
    expect(families.get('c')?.help).toBe('d\u2028e\rf');
  });

  it('series and comments that are kept from one text to the next do not keep these texts in memory', () => {
    setFlagsFromString('--expose-gc');
    const used = () => {
      runInNewContext('gc()');
      return getHeapStatistics().used_heap_size;
    };
    const known: KnownSeries = new Map();
    const kept: unknown[] = [];
    const filler = 'filler_of_a_large_text 1\n'.repeat(20_000);
    const before = used();
    for (let round = 0; round < 100; round++) {
      const name = `a_name_that_is_rather_long_${round}`;
      const lines = `# HELP ${name} What it is, in words\n# TYPE ${name} some_type_of_its_own\n${name} 1\n`;
      const { families } = parseExposition(Buffer.from(lines + filler).toString('utf8'), known);
      kept.push(families);
    }
    expect(used() - before).toBeLessThan(10 * 1024 * 1024);
    expect([known.size, kept.length]).toEqual([101, 100]);
  });

  it('a wrong line costs only itself and is named, and nothing is read after the end that OpenMetrics tells', () => {
    const wrong = [
      '9a 1',
      'a{x=1} 1',
      'a{x="1} 1',
      'a',
      'a 0x10',
      'a 1 2 3',
      'a{x="1",x="2"} 1',
      'a{="1"} 2',
      '{} 1',
    ];
    for (const line of wrong) {
      const { points, problems } = parseExposition(`${line}\ngood 1\n`);
      expect([line, points.map(({ series }) => series.name), problems.length]).toEqual([line, ['good'], 1]);
      expect(problems[0]).toMatch(/^line 1: /);
    }
    expect(read('a 1\n# EOF\nb 2\n')).toEqual([['a', {}, 1]]);
    expect(parseExposition('a 1\nb 2').isWhole).toBe(false);
  });

  it('whatever is torn, mixed or made up of the letters of the format is read without an error', () => {
    const random = numbersFrom(7);
    const texts = readdirSync(FOLDER).map(fixture);
    const letters = '{}",=\\# \n\tabc_:09.-+eE∞é\u0000';
    for (let round = 0; round < 3000; round++) {
      const text = texts[Math.floor(random() * texts.length)] ?? '';
      const from = Math.floor(random() * text.length);
      const piece = text.slice(from, from + Math.floor(random() * 300)).split('');
      for (let change = 0; change < 12; change++)
        piece[Math.floor(random() * piece.length)] = letters[Math.floor(random() * letters.length)] ?? '';
      const { points } = parseExposition(piece.join(''));
      expect(points.every(({ series, value }) => series.name !== '' && typeof value === 'number')).toBe(true);
    }
  });
});
