/**
 * Five thousand alerts at once: how long the server's event loop is busy without a pause while they are raised, stored,
 * shown on an open page and told to a webhook channel, again while they end as their rule is switched off, and while all
 * machines go offline. The same pushes without the rule are the control.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alertRule, alertsReply } from '#protocol/alerts.ts';
import { eventually } from '../e2e/eventually.ts';
import { openLive } from '../e2e/live.ts';
import { startServer, temporaryFolder } from '../e2e/product.ts';
import { addReceiver, startAlertReceiver } from './alert-receiver.ts';
import { writeDevices } from './devices.ts';
import { startPushClient } from './push-round.ts';
import { writeSamples } from './real-samples.ts';
import type { Row } from './row.ts';

const DEVICES = 5000;
const INTERVAL_S = 5;
const SAMPLES = 5;
/** Five thousand TLS handshakes take most of it. */
const WARM_S = 45;
/** All devices push in 5 s; the message about them follows the route's first wait, and then it is sent. */
const ROUND_S = 30;
const BUDGET_MS = 50;

/** Every machine that runs breaches it: with it switched on, all are in alarm with their next push. */
const RULE = {
  name: 'flood',
  severity: 'critical',
  condition: { kind: 'threshold', metric: 'uptime_s', threshold: 1, clear: 0, for_s: 0 },
};

export async function benchFlood(): Promise<readonly Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-flood-'));
  const { file: samplesFile } = await writeSamples(scratch);
  const data = temporaryFolder();
  const devices = writeDevices(data, DEVICES, INTERVAL_S);
  const loopFile = join(scratch, 'loop');
  const watch = `--import=${join(import.meta.dirname, 'loop-watch.ts')}`;
  const profile = process.env['BENCH_CPU_PROF'];
  const profiling = profile === undefined ? '' : ` --cpu-prof --cpu-prof-dir=${profile}`;
  const server = await startServer({
    data,
    env: { WATCHFLOOR_LOG_LEVEL: 'warn', BENCH_LOOP_FILE: loopFile, NODE_OPTIONS: watch + profiling },
  });
  const client = startPushClient();
  const receiver = await startAlertReceiver();
  const ca = readFileSync(server.authorityFile(), 'utf8');
  const page = openLive({ url: server.url, ca, cookie: server.admin.cookie });
  const round = (seconds: number) =>
    client.run({
      port: server.port,
      caFile: server.authorityFile(),
      ...{ devices, samplesFile, seconds, intervalS: INTERVAL_S, samples: SAMPLES, everyMs: 1000 },
    });
  /** The longest time that the event loop was busy while `work` was done, milliseconds. */
  async function longestPause(what: string, work: () => Promise<void>): Promise<number> {
    const from = Date.now();
    await work();
    const to = Date.now();
    const pauses = readFileSync(loopFile, 'utf8')
      .split('\n')
      .map((line) => line.split(' ').map(Number))
      .filter(([at = 0]) => at >= from && at <= to)
      .map(([, ms = 0]) => ms);
    const sorted = pauses.toSorted((a, b) => b - a);
    console.log(`flood: ${what}: the longest pauses were ${sorted.slice(0, 8).join(', ')} ms`);
    return sorted[0] ?? 0;
  }
  try {
    await addReceiver(server, receiver.url, {});
    await page.connected;
    await page.subscribe('alerts');
    const { id } = (await server.admin.ask('POST', '/alert-rules', { body: { ...RULE, enabled: false } })).as(
      alertRule,
    );
    const switchRule = async (enabled: boolean) => {
      const { status } = await server.admin.ask('PATCH', `/alert-rules/${id}`, { body: { enabled } });
      if (status !== 200) throw new Error(`the rule was not switched: ${status}`);
    };
    const active = async () => (await server.admin.ask('GET', '/alerts')).as(alertsReply).alerts.length;
    await round(WARM_S);
    let lost = 0;
    const measured = async () => {
      const { refused, late } = await round(ROUND_S);
      lost += refused + late;
    };
    const control = await longestPause('the same pushes without alerts', measured);
    const raised = await longestPause('alerts are raised and told', async () => {
      await switchRule(true);
      await measured();
      await eventually('all were told', async () => receiver.firing.size >= DEVICES, 60_000);
    });
    const shown = await longestPause('active alerts are asked for', async () => {
      if ((await active()) < DEVICES) throw new Error('not every device raised an alert');
    });
    const ended = await longestPause('alerts end', async () => {
      await switchRule(false);
      await measured();
      await eventually('all ends were told', async () => receiver.resolved() >= DEVICES, 60_000);
    });
    const offline = await longestPause('machines go offline', async () => {
      const told = receiver.messages();
      await eventually('the outage was told', async () => receiver.messages() > told, 90_000);
    });
    console.log(`flood: ${receiver.messages()} messages; ${lost} pushes were refused or late`);
    const row = (what: string, value: number, budget?: number): Row => ({
      what: `${DEVICES.toLocaleString('en')} alerts ${what}: longest pause of the event loop`,
      value,
      unit: 'ms',
      control: { what: 'the same pushes, rule off', value: control },
      ...(budget === undefined ? {} : { budget }),
    });
    return [
      row('raised, stored, shown and told', raised, BUDGET_MS),
      row('asked for', shown, BUDGET_MS),
      row('ended by switching their rule off', ended),
      row('of machines that go offline', offline, BUDGET_MS),
    ];
  } finally {
    page.close();
    client.stop();
    receiver.stop();
    await server.dispose();
    rmSync(scratch, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  }
}
