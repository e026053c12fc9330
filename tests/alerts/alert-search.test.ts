import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import { alertsCsv } from '../../server/alerts/alert-csv.ts';
import { searchAlerts, type AlertFilter, type AskedPage } from '../../server/alerts/alert-search.ts';
import { alertStatistics } from '../../server/alerts/alert-statistics.ts';
import { firing } from '../protocol/firing-alert.ts';

const alert = (id: string, more: Partial<Alert> = {}): Alert => ({ ...firing, id, ...more });
const ended = (id: string, from: number, to: number, more: Partial<Alert> = {}) =>
  alert(id, { timestamp: from, state: 'resolved', resolved_at: to, resolution: 'cleared', ...more });

describe('searching alerts', () => {
  const alerts = [
    ended('old', 1000, 2000, { severity: 'critical', device_id: 'b', device_name: 'Beta' }),
    ended('long', 1500, 9000, { rule_id: 'disk', rule_name: 'Disk full', metric: 'mount:/var:used' }),
    alert('new', { timestamp: 8000, comments: [{ at: 1, by: 'Ann', text: 'Restarted the job' }] }),
    alert('taken', {
      timestamp: 8000,
      state: 'acknowledged',
      acknowledged: { at: 8500, by: 'bob', comment: 'later' },
    }),
  ];
  const ids = async (filter: Partial<AlertFilter>, page: Partial<AskedPage> = {}) => {
    const found = await searchAlerts(alerts, { state: 'all', ...filter }, { limit: 100, ...page });
    return found?.alerts.map(({ id }) => id);
  };

  it('the newest alert comes first, and each filter narrows the list', async () => {
    expect(await ids({})).toEqual(['new', 'taken', 'long', 'old']);
    expect(await ids({ state: 'active' })).toEqual(['new', 'taken']);
    expect(await ids({ state: 'acknowledged' })).toEqual(['taken']);
    expect(await ids({ state: 'resolved', severity: 'critical' })).toEqual(['old']);
    expect(await ids({ deviceId: 'b' })).toEqual(['old']);
    expect(await ids({ ruleId: 'disk' })).toEqual(['long']);
  });

  it('a time finds the alerts that were active in it, not only those that began in it', async () => {
    expect(await ids({ from: 3000, to: 8000 })).toEqual(['long']);
    expect(await ids({ from: 2000, to: 8001 })).toEqual(['new', 'taken', 'long', 'old']);
  });

  it('words are found in names, fields, comments and who wrote them, whatever their case', async () => {
    expect(await ids({ text: 'BETA' })).toEqual(['old']);
    expect(await ids({ text: '/var disk' })).toEqual(['long']);
    expect(await ids({ text: 'ann restarted' })).toEqual(['new']);
    expect(await ids({ text: 'later' })).toEqual(['taken']);
    expect(await ids({ text: 'ann later' })).toEqual([]);
  });

  it('pages continue where the last one ended, also among alerts of the same millisecond', async () => {
    const first = await searchAlerts(alerts, { state: 'all' }, { limit: 1 });
    expect(first?.alerts.map(({ id }) => id)).toEqual(['new']);
    expect(await ids({}, { limit: 2, cursor: first?.next ?? '' })).toEqual(['taken', 'long']);
    expect((await searchAlerts(alerts, { state: 'all' }, { limit: 4 }))?.next).toBeNull();
    expect(await ids({}, { cursor: 'nonsense' })).toBeUndefined();
  });

  it('words are sought in what who asks is told of an alert, and what they are not told of is not found', async () => {
    const told = (each: Alert) =>
      each.id === 'old' ? undefined : { ...each, comments: [], device_name: 'Hall' };
    expect(await ids({ text: 'hall' }, { told })).toEqual(['new', 'taken', 'long']);
    expect(await ids({ text: 'restarted' }, { told })).toEqual([]);
    const page = await searchAlerts(alerts, { state: 'all' }, { limit: 1, told });
    expect(page?.alerts).toMatchObject([{ device_name: 'Hall', comments: [] }]);
  });

  it('[S5] a search among very many alerts lets others be answered meanwhile', async () => {
    const many = Array.from({ length: 100_000 }, (_, i) => alert(`${i}`, { timestamp: i }));
    let [turns, over] = [0, false];
    const turn = () => {
      turns++;
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    const page = await searchAlerts(many, { state: 'all', text: 'nothing like it' }, { limit: 10 });
    over = true;
    expect(page).toEqual({ alerts: [], next: null });
    expect(turns).toBeGreaterThan(1);
  });
});

describe('alerts as CSV', () => {
  it('[S6] names that a spreadsheet would calculate are shown as they are', () => {
    const names = ['=cmd|" /C calc"!A0', '+1', '-1', '@SUM(A1)', ' \t=1', '\uff1d1', 'web-1'];
    const rows = alertsCsv(names.map((device_name) => alert('a', { device_name }))).split('\r\n');
    expect(rows.slice(1, -1).map((row) => row.split(',')[3])).toEqual([
      `"'=cmd|"" /C calc""!A0"`,
      "'+1",
      "'-1",
      "'@SUM(A1)",
      "' \t=1",
      "'\uff1d1",
      'web-1',
    ]);
  });

  it('a row has times in UTC, numbers as they are, and texts with commas and line breaks in quotes', () => {
    const [head = '', ...rows] = alertsCsv([
      ended('a', 0, 60_000, {
        value: -3,
        device_name: 'web, the first',
        comments: [
          { at: 1, by: 'ann', text: 'one' },
          { at: 2, by: 'bob', text: 'two' },
        ],
      }),
    ]).split('\r\n');
    expect(head.split(',').slice(0, 4)).toEqual(['id', 'state', 'severity', 'machine']);
    expect(rows[0]).toBe(
      'a,resolved,warning,"web, the first",d,CPU high,CPU,cpu,-3,90,1970-01-01T00:00:00.000Z,' +
        '1970-01-01T00:01:00.000Z,cleared,0,false,,,,"ann: one\nbob: two"',
    );
  });
});

describe('statistics of alerts', () => {
  const acknowledged = (at: number) => [{ at, what: 'acknowledged' as const, by: 'ann', text: '' }];

  it('each rule and machine has its count, and mean and median of the times until people and conditions reacted', () => {
    const { rules, devices, count } = alertStatistics([
      ended('a', 0, 1000, { events: acknowledged(100) }),
      ended('b', 0, 2000, { events: acknowledged(200), reopened: 3 }),
      ended('c', 0, 9000, { events: acknowledged(900) }),
      ended('d', 0, 500, { rule_id: 'q', rule_name: 'Quiet', device_id: 'e', resolution: 'rule_changed' }),
    ]);
    expect(count).toBe(4);
    expect(rules).toEqual([
      {
        id: 'r',
        name: 'CPU high',
        count: 3,
        reopened: 3,
        acknowledge: { count: 3, mean_ms: 400, median_ms: 200 },
        resolve: { count: 3, mean_ms: 4000, median_ms: 2000 },
      },
      { id: 'q', name: 'Quiet', count: 1, reopened: 0, acknowledge: null, resolve: null },
    ]);
    expect(devices.map(({ id }) => id)).toEqual(['d', 'e']);
  });

  it('the median of an even number of times lies in the middle of the two middle ones', () => {
    const { rules } = alertStatistics([ended('a', 0, 1000), ended('b', 0, 4000)]);
    expect(rules[0]?.resolve?.median_ms).toBe(2500);
  });
});
