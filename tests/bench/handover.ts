/**
 * How long an alert takes to its receiver: from the answer to the push that breaches a rule to the moment at which the
 * receiver of a webhook channel has the request, while a thousand machines push what the real sampler measures.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { alertRule, alertRulesReply } from '#protocol/alerts.ts';
import { eventually } from '../e2e/eventually.ts';
import { startServer, temporaryFolder, type TestServer } from '../e2e/product.ts';
import { addReceiver, startAlertReceiver } from './alert-receiver.ts';
import { writeDevices } from './devices.ts';
import { startPushClient, type RoundDevice } from './push-round.ts';
import { writeSamples } from './real-samples.ts';
import { highest, type Row } from './row.ts';

const DEVICES = 1000;
const INTERVAL_S = 5;
const SAMPLES = 5;
const WARM_S = 15;
const BREACHES = 300;
const BREACH_EVERY_MS = 100;
const BUDGET_MS = 1000;

/** A sample that breaches the rule. Resolves with the time of its answer. */
async function breach(server: TestServer, { id, token }: RoundDevice): Promise<number> {
  const now = Date.now();
  const body = { device_id: id, hostname: id, ip: '', metrics: { cpu: 99 }, timestamp: now, sent_at: now };
  const { status, text } = await server.admin.ask('POST', '/metrics', { token, body });
  if (status !== 200) throw new Error(`a push was answered ${status}: ${text}`);
  return performance.now();
}

/** Sends the receiver a message for each machine, on a new connection as the server does, and measures the way there. */
async function callDirectly(url: string, came: ReadonlyMap<string, number>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < BREACHES; i++) {
    const device_id = `direct-${i}`;
    const at = performance.now();
    await new Promise<void>((resolve, reject) => {
      const sent = httpRequest(url, { method: 'POST', agent: false }, (reply) => {
        reply.resume().once('end', resolve);
      });
      sent.once('error', reject);
      sent.end(JSON.stringify({ event: 'firing', alerts: [{ device_id }] }));
    });
    times.push((came.get(device_id) ?? Number.NaN) - at);
    await pause(BREACH_EVERY_MS / 4);
  }
  return times;
}

export async function benchHandover(): Promise<readonly Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-handover-'));
  const { file: samplesFile } = await writeSamples(scratch);
  const data = temporaryFolder();
  const all = writeDevices(data, DEVICES + BREACHES, INTERVAL_S);
  const [devices, breaching] = [all.slice(0, DEVICES), all.slice(DEVICES)];
  const server = await startServer({ data, env: { WATCHFLOOR_LOG_LEVEL: 'warn' } });
  const client = startPushClient();
  const receiver = await startAlertReceiver();
  try {
    await addReceiver(server, receiver.url, { group_by: 'machine', wait_s: 0, update_s: 0 });
    // A machine that breaches the rule is silent afterwards; that it is offline would be an alert too.
    const { alert_rules } = (await server.admin.ask('GET', '/alert-rules')).as(alertRulesReply);
    for (const { id } of alert_rules) await server.admin.ask('DELETE', `/alert-rules/${id}`);
    const condition = { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80, for_s: 0 };
    const rule = {
      name: 'bench',
      severity: 'critical',
      condition,
      scope: { tags: [], devices: breaching.map(({ id }) => id) },
    };
    (await server.admin.ask('POST', '/alert-rules', { body: rule })).as(alertRule);
    const round = (seconds: number) =>
      client.run({
        port: server.port,
        caFile: server.authorityFile(),
        ...{ devices, samplesFile, seconds, intervalS: INTERVAL_S, samples: SAMPLES, everyMs: 1000 },
      });
    await round(WARM_S);
    const background = round((BREACHES * BREACH_EVERY_MS * 1.3) / 1000 + 5);
    const answered = new Map<string, number>();
    for (const device of breaching) {
      answered.set(device.id, await breach(server, device));
      await pause(BREACH_EVERY_MS);
    }
    await eventually(
      'all alerts came',
      async () => breaching.every(({ id }) => receiver.firing.has(id)),
      60_000,
    );
    const direct = await callDirectly(receiver.url, receiver.firing);
    const { pushes, refused, late } = await background;
    const times = [...answered].map(([id, at]) => (receiver.firing.get(id) ?? Number.NaN) - at);
    console.log(
      `handover: ${pushes} pushes meanwhile, ${refused} refused, ${late} late; half of the alerts came within ${highest(times, 0.5).toFixed(0)} ms, all within ${highest(times, 1).toFixed(0)} ms`,
    );
    return [
      {
        what: `${BREACHES} alerts, ${DEVICES.toLocaleString('en')} devices push: push to receiver, p99`,
        value: highest(times, 0.99),
        unit: 'ms',
        control: { what: 'the receiver called directly', value: highest(direct, 0.99) },
        budget: BUDGET_MS,
      },
    ];
  } finally {
    client.stop();
    receiver.stop();
    await server.dispose();
    rmSync(scratch, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  }
}
