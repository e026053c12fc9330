import { describe, expect, test } from 'vitest';
import { mergeReports } from '../../../server/history/processes/merge.ts';
import { reportAt, row } from './reports.ts';

const T = Date.UTC(2026, 0, 5, 3);
const MINUTE = 60_000;

describe('the reports of a range as one', () => {
  test('one report is answered as it is, and none is null', () => {
    const report = reportAt(T, [row('node', 12, { started_at: T - 1000, state: 'R', command: 'node x' })]);
    expect(mergeReports([report])).toBe(report);
    expect(mergeReports([])).toBeNull();
  });

  test('a process counts for the whole range, with its mean over all reports and its highest peak', () => {
    const quiet = reportAt(T, [row('node', 2, { memory_bytes: 9000 })]);
    const busy = reportAt(T + MINUTE, [row('node', 40, { cpu_peak: 100, memory_bytes: 5000 })]);
    const gone = reportAt(T + 2 * MINUTE, [row('sh', 1, { pid: 9 })]);
    expect(mergeReports([quiet, busy, gone])).toMatchObject({
      at: T + 2 * MINUTE,
      period_s: 180,
      cpu: 50,
      rows: [
        { name: 'node', pid: 7, cpu: 14, cpu_peak: 100, memory_bytes: 9000, count: 1 },
        { name: 'sh', pid: 9, cpu: 0.33 },
      ],
    });
  });

  test('processes of one name, user and container are one row with their number', () => {
    const at = (minute: number, pid: number, user: string) =>
      reportAt(T + minute * MINUTE, [row('cc1', 30, { pid, user, state: 'R', started_at: T })]);
    const merged = mergeReports([at(0, 1, 'ada'), at(1, 2, 'ada'), at(2, 2, 'ada'), at(3, 3, 'root')]);
    expect(merged?.rows).toMatchObject([
      { name: 'cc1', user: 'ada', pid: null, count: 2, started_at: null, state: null, cpu: 22.5 },
      { name: 'cc1', user: 'root', pid: 3, count: 1, cpu: 7.5 },
    ]);
  });

  test('what a process read is not known where no report knew it', () => {
    const reports = [
      reportAt(T, [row('own', 1, { read: 600, written: 0 }), row('other', 1, { pid: 8 })]),
      reportAt(T + MINUTE, [row('own', 1)], { hidden: ['io'] }),
    ];
    expect(mergeReports(reports)).toMatchObject({
      hidden: ['io'],
      rows: [
        { name: 'own', read: 300, written: 0 },
        { name: 'other', read: null, written: null },
      ],
    });
  });

  test('of a range with hundreds of names the rows that used most of something are kept', () => {
    const reports = Array.from({ length: 30 }, (_, minute) =>
      reportAt(
        T + minute * MINUTE,
        Array.from({ length: 10 }, (_, i) => row(`p${minute}-${i}`, i / 10, { pid: 100 * minute + i + 1 })),
      ),
    );
    const spike = row('spike', 3, { cpu_peak: 100, pid: 5 });
    const large = row('large', 0, { memory_bytes: 1e9, pid: 6 });
    const merged = mergeReports([...reports, reportAt(T + 31 * MINUTE, [spike, large])]);
    expect(merged?.rows.length).toBeLessThanOrEqual(40);
    expect(merged?.rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['spike', 'large']));
  });
});
