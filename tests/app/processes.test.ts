import { afterAll, expect, it } from 'vitest';
import { processesReply } from '#protocol/processes.ts';
import { openStage, type Stage } from '../routes/stage.ts';

let stage: Stage | undefined;
afterAll(() => stage?.close());

it('[H4] while InfluxDB is away, the newest processes of a machine are told, at once and of their own moment', async () => {
  const influx = { url: 'http://127.0.0.1:1', org: 'home', token: 'token', bucket: 'watchfloor' };
  stage = await openStage({ influx });
  const { admin, device, push } = stage;
  const machine = await device('box');
  const now = Date.now();
  const rows = [{ pid: 7, name: 'ffmpeg', cpu: 92, cpu_peak: 98 }];
  const processes = [{ at: now, period_s: 60, total: 80, rows }];
  expect((await push(machine, { fields: ['cpu'], rows: [[now, 97]], processes })).status).toBe(200);
  for (const query of ['', `?at=${now - 30_000}`, `?at=${now + 1000}`]) {
    const answer = await admin.ask('GET', `/devices/box/processes${query}`);
    expect(answer.as(processesReply).report?.rows).toMatchObject(rows);
  }
});
