import { describe, expect, test } from 'vitest';
import { alert as alertShape, type Alert } from '#protocol/alerts.ts';
import type { ProcessReport } from '#protocol/processes.ts';
import { createLog } from '../../server/app/log.ts';
import { createAlertProcesses, topLine } from '../../server/alerts/alert-processes.ts';
import { packReport, parsePacked } from '../../server/history/processes/packed-report.ts';
import type { AlertProcessesRecord } from '../../server/state/records.ts';
import { reportAt, row } from '../history/processes/reports.ts';
import { memoryCollection } from '../state/memory-collection.ts';

const T = Date.UTC(2026, 0, 5, 3);
const MINUTE = 60_000;

const alertOf = (id: string, parts: Partial<Alert> = {}): Alert =>
  alertShape.parse({
    ...{ id, rule_id: 'r', rule_name: 'CPU', device_id: 'a', device_name: 'a', metric: 'cpu', value: 97 },
    ...{
      threshold: 90,
      severity: 'critical',
      state: 'firing',
      timestamp: T,
      resolved_at: null,
      resolution: null,
    },
    ...parts,
  });

/** A server's part of it: a condition that has to hold for five minutes, and reports that a test adds. */
function open({
  records = memoryCollection<AlertProcessesRecord>(),
  alerts = new Map<string, Alert>(),
  forS = 300,
} = {}) {
  const reports: ProcessReport[] = [];
  let now = T;
  const processes = createAlertProcesses({
    records,
    alertOf: (id) => alerts.get(id),
    ruleOf: () => ({
      ...{ id: 'r', name: 'CPU', enabled: true, scope: { devices: [], tags: [] }, severity: 'critical' },
      condition: {
        ...{ kind: 'threshold', metric: 'cpu', above: true, threshold: 90, clear: 80 },
        ...{ for_s: forS, clear_for_s: 0 },
      },
    }),
    at: (deviceId, moment) =>
      Promise.resolve(
        deviceId !== 'a'
          ? null
          : (reports.find(({ at, period_s }) => at >= moment && at - period_s * 1000 < moment) ??
              reports.findLast(({ at }) => at <= moment) ??
              null),
      ),
    pack: packReport,
    parse: parsePacked,
    now: () => now,
    every: () => () => undefined,
    log: createLog('silent'),
  });
  return {
    ...processes,
    records,
    async raise(alert: Alert) {
      alerts.set(alert.id, alert);
      processes.alertsChanged([alert]);
      await processes.settled();
    },
    async tell(report: ProcessReport) {
      now = report.at;
      reports.push(report);
      processes.pushAccepted({ deviceId: 'a', processes: [report] });
      await processes.settled();
    },
  };
}

const names = (report: ProcessReport | null | undefined) => report?.rows.map(({ name }) => name);

describe('the processes behind an alert', () => {
  test('those of the moment at which its condition began and at which it was raised are attached', async () => {
    const { tell, raise, of } = open();
    await tell(reportAt(T - 5 * MINUTE, [row('began', 90)]));
    await tell(reportAt(T - MINUTE, [row('between', 90)]));
    await tell(reportAt(T, [row('raised', 90)]));
    await raise(alertOf('1'));
    expect(names(of('1')?.began)).toEqual(['began']);
    expect(names(of('1')?.fired)).toEqual(['raised']);
    expect(of('2')).toBeNull();
  });

  test('the newest report is attached at once, and the one of the moment itself as soon as the machine tells it', async () => {
    const { tell, raise, of } = open({ forS: 0 });
    await tell(reportAt(T - 40_000, [row('before', 3)]));
    await raise(alertOf('1'));
    expect(of('1')).toMatchObject({ fired: { at: T - 40_000 }, began: null });
    await tell(reportAt(T + 20_000, [row('culprit', 80)]));
    expect(names(of('1')?.fired)).toEqual(['culprit']);
    await tell(reportAt(T + 80_000, [row('later', 80)]));
    expect(names(of('1')?.fired)).toEqual(['culprit']);
  });

  test('a report of hours ago says nothing of the moment, nor does one of another machine', async () => {
    const { tell, raise, of } = open();
    await tell(reportAt(T - 60 * MINUTE, [row('old', 90)]));
    await raise(alertOf('1'));
    await raise(alertOf('2', { device_id: 'b' }));
    expect([of('1'), of('2')]).toEqual([null, null]);
  });

  test('[A3] they survive a restart, and those of alerts that are not kept any more are forgotten with it', async () => {
    const before = open();
    await before.tell(reportAt(T, [row('raised', 90)]));
    for (const id of ['kept', 'gone']) await before.raise(alertOf(id));
    const kept = new Map([['kept', alertOf('kept')]]);
    const after = open({ records: before.records, alerts: kept });
    expect(names(after.of('kept')?.fired)).toEqual(['raised']);
    expect(after.of('gone')).toBeNull();
    // The machine tells the same again: nothing is attached anew.
    await after.raise(alertOf('kept'));
    expect(names(after.of('kept')?.fired)).toEqual(['raised']);
  });

  test('[I8] a report is cut to what matters, without arguments, and a removed device takes its own away', async () => {
    const { tell, raise, of, deviceRemoved } = open();
    const rows = Array.from({ length: 40 }, (_, i) =>
      row(`p${i}`, i, { pid: i + 1, memory_bytes: 1000 - i, command: `p${i} --password=secret` }),
    );
    await tell(reportAt(T, rows));
    await raise(alertOf('1'));
    const fired = of('1')?.fired;
    expect(fired?.rows.length).toBeLessThanOrEqual(12);
    expect(names(fired)).toEqual(expect.arrayContaining(['p39', 'p0']));
    expect(JSON.stringify(fired)).not.toContain('secret');
    deviceRemoved('a');
    expect(of('1')).toBeNull();
  });

  test('[I8] of very many alerts the newest keep their processes', async () => {
    const { tell, raise, records } = open();
    await tell(reportAt(T, [row('raised', 90)]));
    for (let i = 0; i < 2010; i++) await raise(alertOf(String(i)));
    expect(records.all()).toHaveLength(2000);
    expect(records.get('2009')).toBeDefined();
    expect(records.get('0')).toBeUndefined();
  });

  test.each([
    ['cpu', 'top: ffmpeg 92 %, node 3.1 %'],
    ['load1', 'top: ffmpeg 92 %, node 3.1 %'],
    ['core:3:cpu', 'top: ffmpeg 92 %, node 3.1 %'],
    ['ram', 'top: node 1.86 GiB, ffmpeg 4.77 MiB'],
    ['disk:sda:write', 'top: rsync 40.0 MB/s'],
    ['mount:/:used', undefined],
    ['offline', undefined],
  ])('a message about %s says: %s', (metric, expected) => {
    const report = reportAt(T, [
      row('ffmpeg', 92, { memory_bytes: 5e6 }),
      row('node', 3.1, { memory_bytes: 2e9 }),
      row('rsync', 0, { read: 1e6, written: 39e6 }),
    ]);
    expect(topLine(metric, report)).toBe(expected);
    expect(topLine(metric, null)).toBeUndefined();
  });
});
