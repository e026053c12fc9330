import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertDetail, alertsReply } from '#protocol/alerts.ts';
import { eventually } from '../e2e/eventually.ts';
import { processesReply } from '#protocol/processes.ts';
import { pushReply } from '#protocol/sample.ts';
import { errorOf, openStage, PASSWORD, type Device, type Stage } from './stage.ts';

let stage: Stage;
let device: Device;
const MINUTE = 60_000;
/** Ten hours ago. */
const NIGHT = Math.floor(Date.now() / MINUTE) * MINUTE - 10 * 60 * MINUTE;

const row = (name: string, cpu: number, parts: object = {}) => ({
  pid: 4711,
  name,
  cpu,
  cpu_peak: cpu,
  ...parts,
});
const report = (at: number, rows: readonly object[], parts: object = {}) => ({
  at,
  period_s: 60,
  cpu: 60,
  total: 200,
  rows,
  ...parts,
});
const push = (timestamp: number, processes: unknown, to = device) =>
  stage.push(to, { fields: ['cpu'], rows: [[timestamp, 60]], processes });
const ask = async (query: string) =>
  (await stage.admin.ask('GET', `/devices/night/processes${query}`)).as(processesReply);

beforeAll(async () => {
  stage = await openStage();
  device = await stage.device('night');
});
afterAll(() => stage.close());

describe('GET /devices/{id}/processes', () => {
  it('a machine that has told nothing of its processes has none', async () => {
    expect(await ask('')).toEqual({ device_id: 'night', report: null });
    expect(await ask(`?from=${NIGHT}&to=${NIGHT + MINUTE}`)).toMatchObject({ report: null, moments: [] });
  });

  it('the processes of the night are found by a moment of it and by a range', async () => {
    const spike = row('backup', 42, { cpu_peak: 98, user: 'root', container: 'docker 3f4e5d6c7b8a' });
    const minutes = [1, 2, 3].map((minute) =>
      report(NIGHT + minute * MINUTE, minute === 2 ? [spike] : [row('idle', 1, { pid: 1 })]),
    );
    const pushed = await push(NIGHT + 3 * MINUTE, minutes);
    expect(pushed.as(pushReply)).toMatchObject({ accepted: 1 });
    expect(pushed.as(pushReply).ignored).toBeUndefined();

    const { report: found } = await ask(`?at=${NIGHT + MINUTE + 20_000}`);
    expect(found).toMatchObject({ at: NIGHT + 2 * MINUTE, period_s: 60, total: 200 });
    expect(found?.rows).toMatchObject([spike]);
    const range = await ask(`?from=${NIGHT}&to=${NIGHT + 3 * MINUTE}`);
    expect(range.report?.rows).toMatchObject([
      { name: 'backup', cpu: 14, cpu_peak: 98 },
      { name: 'idle', cpu: 0.67 },
    ]);
    expect(range.moments).toEqual(minutes.map(({ at }) => [at, 60]));
  });

  it('without a time the newest report is answered', async () => {
    const now = Date.now();
    await push(now, [report(now, [row('now', 9)])]);
    expect((await ask('')).report?.rows).toMatchObject([{ name: 'now' }]);
    expect((await ask(`?at=${now + 1000}`)).report?.rows).toMatchObject([{ name: 'now' }]);
  });

  it('[I1] [I2] reports survive a restart, and those of a resent push are there once', async () => {
    const at = NIGHT + 10 * MINUTE;
    for (let i = 0; i < 2; i++) await push(at, [report(at, [row('once', 5)])]);
    await stage.restart();
    await stage.admin.login('admin', PASSWORD);
    expect(await ask(`?from=${at - MINUTE}&to=${at}`)).toMatchObject({
      report: { rows: [{ name: 'once' }] },
      moments: [[at, 60]],
    });
    expect((await ask('')).report?.rows).toMatchObject([{ name: 'now' }]);
  });

  it('[I7] a wrong row, report or part costs only itself, and is named', async () => {
    const at = NIGHT + 20 * MINUTE;
    const ahead = NIGHT + 11 * 60 * MINUTE;
    const answer = await push(at, [
      report(at, [row('good', 5), row('', 5), row('much', 101), { pid: 0 }]),
      { at: 'soon', period_s: 60, total: 1, rows: [] },
      report(ahead, [row('ahead', 1)]),
    ]);
    const { accepted, ignored } = answer.as(pushReply);
    expect(accepted).toBe(1);
    expect(ignored?.fields.map(({ field }) => field)).toEqual([
      'processes.0.rows.1.name',
      'processes.0.rows.2.cpu',
      'processes.0.rows.3.pid',
      'processes.1.at',
      `processes.${new Date(ahead).toISOString()}`,
    ]);
    expect((await ask(`?at=${at}`)).report?.rows).toMatchObject([{ name: 'good' }]);
    const next = await push(at + 1000, 'top');
    expect(next.as(pushReply)).toMatchObject({ accepted: 1, ignored: { fields: [{ field: 'processes' }] } });
  });

  it('[I8] rows and reports past their bounds are left out', async () => {
    const at = NIGHT + 30 * MINUTE;
    const rows = Array.from({ length: 60 }, (_, i) => row(`p${i}`, 1, { pid: i + 1 }));
    const { ignored } = (await push(at, [report(at, rows)])).as(pushReply);
    expect(ignored?.fields).toMatchObject([{ field: 'processes.0.rows.40' }]);
    expect((await ask(`?at=${at}`)).report?.rows).toHaveLength(40);
    const many = Array.from({ length: 300 }, (_, i) => report(at + 1000 + i, []));
    expect((await push(at + 5000, many)).as(pushReply).ignored?.fields).toMatchObject([
      { field: 'processes.200' },
    ]);
  });

  it('[S6] the names that a machine sends are cleaned', async () => {
    const at = NIGHT + 40 * MINUTE;
    const evil = { user: 'a\u0007b', container: '\u202eevil', command: 'rm\n-rf\u2028/' };
    await push(at, [report(at, [row('ba\nd\u200b', 5, evil)])]);
    expect((await ask(`?at=${at}`)).report?.rows).toMatchObject([
      { name: 'ba d', user: 'a b', container: 'evil', command: 'rm -rf /' },
    ]);
  });

  it('[I5] reports of a clock that is off are shifted with their samples', async () => {
    const other = await stage.device('skewed');
    const early = Date.now() - 60 * MINUTE;
    await stage.push(other, {
      sent_at: early,
      fields: ['cpu'],
      rows: [[early, 1]],
      processes: [report(early, [row('shifted', 1)])],
    });
    const answer = (await stage.admin.ask('GET', '/devices/skewed/processes')).as(processesReply);
    expect(Math.abs((answer.report?.at ?? 0) - Date.now())).toBeLessThan(MINUTE);
  });

  it.each([
    ['?from=1000', 'from'],
    ['?to=1000', 'from'],
    ['?from=2000&to=1000', 'from'],
    ['?at=1000&from=1000&to=2000', 'at'],
    ['?at=noon', 'at'],
    [`?from=0&to=${3 * 24 * 60 * MINUTE}`, 'from'],
  ])('the query %s is refused', async (query, path) => {
    const answer = await stage.admin.ask('GET', `/devices/night/processes${query}`);
    expect(errorOf(answer)).toMatchObject({ status: 400, details: [{ path }] });
  });

  it('[W1] displays are told of no processes', async () => {
    await stage.admin.ask('POST', '/users', {
      body: { username: 'wall', password: PASSWORD, role: 'display' },
    });
    const wall = stage.client('127.0.6.1');
    await wall.login('wall', PASSWORD);
    expect((await wall.ask('GET', '/devices/night/processes')).status).toBe(403);
    expect((await wall.ask('GET', '/alerts')).as(alertsReply).alerts).toEqual([]);
  });

  it('[A3] an alert has the processes of its moment, also after a restart, and displays are not told them', async () => {
    const condition = {
      kind: 'threshold',
      metric: 'cpu',
      threshold: 90,
      clear: 80,
      for_s: 0,
      clear_for_s: 0,
    };
    await stage.admin.ask('POST', '/alert-rules', {
      body: { name: 'Busy', severity: 'critical', condition },
    });
    const hot = await stage.device('hot');
    const now = Date.now();
    const processes = [report(now, [row('ffmpeg', 92), row('node', 3, { pid: 5 })])];
    await stage.push(hot, { fields: ['cpu'], rows: [[now, 97]], processes });
    const [alert] = (await stage.admin.ask('GET', '/alerts?device=hot')).as(alertsReply).alerts;
    const path = `/alerts/${alert?.id ?? ''}`;
    const read = async () => {
      const detail = (await stage.admin.ask('GET', path)).as(alertDetail);
      return detail.processes?.fired?.rows.map(({ name }) => name);
    };
    expect(await eventually('the processes were attached', read)).toEqual(['ffmpeg', 'node']);
    await stage.restart();
    await stage.admin.login('admin', PASSWORD);
    expect(await read()).toEqual(['ffmpeg', 'node']);
    const wall = stage.client('127.0.6.2');
    await wall.login('wall', PASSWORD);
    const told = await wall.ask('GET', path);
    expect(told.status).toBe(200);
    expect(told.text).not.toContain('ffmpeg');
  });

  it('[I8] what a removed device told of its processes is gone with it', async () => {
    expect((await stage.admin.ask('DELETE', '/devices/night')).status).toBe(204);
    expect(errorOf(await stage.admin.ask('GET', '/devices/night/processes')).code).toBe('unknown_device');
    device = await stage.device('night');
    expect((await ask('')).report).toBeNull();
    expect((await ask(`?at=${NIGHT + 2 * MINUTE}`)).report).toBeNull();
  });
});
