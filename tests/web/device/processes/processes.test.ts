import { describe, expect, it } from 'vitest';
import { processReport, type ProcessRow } from '#protocol/processes.ts';
import { fixedRange, parseRange } from '../../../../web/src/charts/range.ts';
import { listedFor } from '../../../../web/src/device/processes/process-list.svelte.ts';
import { inOrder, orderedBy } from '../../../../web/src/device/processes/process-order.ts';
import {
  busiestInWords,
  processName,
  restInWords,
} from '../../../../web/src/device/processes/process-words.ts';

const NOW = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const row = (name: string, cpu: number, parts: object = {}) => ({
  pid: 7,
  name,
  cpu,
  cpu_peak: cpu,
  ...parts,
});
const report = (rows: readonly object[], parts: object = {}) =>
  processReport.parse({ at: NOW, period_s: 60, cpu: 50, total: 100, rows, ...parts });
const names = (rows: readonly ProcessRow[]) => rows.map(({ name }) => name);
const range = (query: string) => parseRange(new URLSearchParams(query));

describe('which processes a machine’s page lists', () => {
  it('a live page lists those of now, one about a range those of the range', () => {
    expect(listedFor(range(''), null, NOW)).toEqual({ kind: 'now' });
    expect(listedFor(range('range=6h'), null, NOW)).toEqual({ kind: 'range', from: NOW - 6 * HOUR, to: NOW });
    expect(listedFor(fixedRange(NOW - HOUR, NOW), null, NOW)).toMatchObject({ kind: 'range', to: NOW });
  });

  it('a range of more than two days is no list: a moment of it is to be chosen', () => {
    expect(listedFor(range('range=7d'), null, NOW)).toEqual({ kind: 'none' });
    expect(listedFor(range('range=7d'), NOW - HOUR, NOW).kind).toBe('moment');
  });

  it('a chosen moment is as wide as a value of the charts, or as nobody can point more exactly', () => {
    const at = NOW - 10 * HOUR;
    const width = (query: string) => {
      const listed = listedFor(range(query), at, NOW);
      return listed.kind === 'moment' ? (listed.to - listed.from) / 2 : undefined;
    };
    expect(width('range=24h')).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(width('range=24h')).toBeLessThanOrEqual(6 * MINUTE);
    expect(width('')).toBe(1200);
  });

  it('rows are sorted by any column, with what is not known last', () => {
    const { rows } = report([
      row('b', 1, { memory_bytes: 5, user: 'root' }),
      row('a', 9, { memory_bytes: null, user: null }),
      row('c', 5, { memory_bytes: 7, user: 'ada' }),
    ]);
    const by = orderedBy({ column: 'cpu', descending: true }, 'memory_bytes');
    expect(names(inOrder(rows, { column: 'cpu', descending: true }))).toEqual(['a', 'c', 'b']);
    expect(names(inOrder(rows, by))).toEqual(['c', 'b', 'a']);
    expect(names(inOrder(rows, orderedBy(by, 'memory_bytes')))).toEqual(['b', 'c', 'a']);
    expect(names(inOrder(rows, orderedBy(by, 'user')))).toEqual(['c', 'b', 'a']);
  });

  it('a row says whether it stands for one process, for several, or for children that ended', () => {
    const { rows } = report([
      row('one', 1),
      row('cc1', 1, { pid: null, count: 37 }),
      row('make', 1, { ended_children: true }),
    ]);
    expect(rows.map(processName)).toEqual(['one', 'cc1, 37 processes', 'make, children that ended']);
  });

  it('in one line those stand that use most of the processors', () => {
    const found = report([
      row('idle', 0.01),
      row('node', 7.31),
      row('ffmpeg', 42),
      row('sh', 1),
      row('ls', 0.5),
    ]);
    expect(busiestInWords(found)).toBe('ffmpeg 42 %, node 7.3 %, sh 1.0 %');
    const short = report([row('cc1', 9, { cpu_peak: 40 }), row('ld', 12), row('cc1', 8, { pid: 9 })]);
    expect(busiestInWords(short)).toBe('cc1 17 %, ld 12 %');
    expect(busiestInWords(short, 'cpu_peak')).toBe('cc1 40 %, ld 12 %');
  });

  it('what the rows leave out and what the agent may not read is said', () => {
    const rows = [row('node', 30), row('cc1', 10, { pid: null, count: 9 })];
    expect(restInWords(report(rows, { hidden: ['processes', 'io'] }))).toEqual([
      '90 more processes and the kernel: 10 % CPU.',
      'This agent may not see the processes of other users.',
      'This agent may not know what processes of other users read and write.',
    ]);
    expect(restInWords(report(rows, { cpu: null, total: 11 }))).toEqual(['1 more process.']);
  });
});
