/**
 * What twenty rules add to the processor time of a push: ten thousand devices push what the real sampler measures, in
 * rounds with the rules switched on and rounds with them switched off, in one process and over the same connections.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alertRule, alertRulesReply, alertsReply } from '#protocol/alerts.ts';
import { startServer, temporaryFolder, type TestServer } from '../e2e/product.ts';
import { cpuMicroseconds } from './cpu.ts';
import { writeDevices } from './devices.ts';
import { historyMicroseconds } from './push.ts';
import { startPushClient } from './push-round.ts';
import { writeSamples } from './real-samples.ts';
import { median, type Row } from './row.ts';

const DEVICES = 10_000;
const INTERVAL_S = 5;
const SAMPLES = 5;
/** Ten thousand TLS handshakes take most of it. */
const WARM_S = 75;
const ROUND_S = 10;
const SETTLE_S = 10;
const ROUNDS = 5;
/** The most that the rules may add. */
const BUDGET = 1.25;

/** Beyond anything that a machine reads: nearly all evaluations of a fleet find nothing wrong. */
const NEVER = { threshold: 1e15, clear: 1e14 };
const tiers = { critical: { threshold: 2e15, clear: 1e15 } };
const above = (metric: string) => ({ kind: 'threshold', metric, ...NEVER, ...tiers });
const part = (metric: string) => ({ kind: 'threshold', metric, ...NEVER });

/**
 * Nearly every kind of condition, on fields of every machine and of every instance. Not a machine's restart: the pushes
 * repeat what was measured once, so that the uptime falls again and again.
 */
const CONDITIONS: readonly object[] = [
  above('cpu'),
  above('ram'),
  above('swap'),
  above('load1'),
  above('net_rx'),
  above('disk_write'),
  above('processes'),
  above('mount:*:used'),
  above('mount:*:inodes'),
  above('interface:*:errors'),
  { ...part('cpu_iowait'), of_last: { count: 30, last: 60 } },
  { kind: 'equal', metric: 'uptime_s', value: -1 },
  { kind: 'change', metric: 'ram', over_s: 300, ...NEVER },
  { kind: 'change', metric: 'net_tx', over_s: 60, per: 'second', ...NEVER },
  { kind: 'deviation', metric: 'cpu', threshold: 1e6, clear: 1e5 },
  { kind: 'forecast', metric: 'mount:*:used', reaches: 1e9, threshold: 24, clear: 36 },
  { kind: 'no_data', metric: 'cpu' },
  { kind: 'no_data', metric: 'mount:*:used' },
  { kind: 'clock', threshold: 1e6, clear: 1e5 },
  { kind: 'joint', join: 'and', first: part('cpu'), second: part('load1') },
];

/** Replaces the server's rules; returns a function that switches them all on or off. */
async function makeRules(server: TestServer): Promise<(enabled: boolean) => Promise<void>> {
  const { admin } = server;
  const ask = async (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) => {
    const answer = await admin.ask(method, path, body === undefined ? {} : { body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  const { alert_rules } = (await admin.ask('GET', '/alert-rules')).as(alertRulesReply);
  for (const { id } of alert_rules) await ask('DELETE', `/alert-rules/${id}`);
  const ids: string[] = [];
  for (const [i, condition] of CONDITIONS.entries()) {
    const body = { name: `bench ${i}`, severity: 'warning', condition };
    ids.push((await ask('POST', '/alert-rules', body)).as(alertRule).id);
  }
  return async (enabled) => {
    for (const id of ids) await ask('PATCH', `/alert-rules/${id}`, { enabled });
  };
}

export async function benchAlerts(): Promise<readonly Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-alerts-'));
  const { file: samplesFile } = await writeSamples(scratch);
  const data = temporaryFolder();
  const devices = writeDevices(data, DEVICES, INTERVAL_S);
  const server = await startServer({ data, env: { WATCHFLOOR_LOG_LEVEL: 'warn' } });
  const client = startPushClient();
  try {
    const switchRules = await makeRules(server);
    const round = (seconds: number) =>
      client.run({
        port: server.port,
        caFile: server.authorityFile(),
        ...{ devices, samplesFile, seconds, intervalS: INTERVAL_S, samples: SAMPLES, everyMs: 1000 },
      });
    let lost = 0;
    let fired = 0;
    const measure = async (enabled: boolean): Promise<number> => {
      await switchRules(enabled);
      // The first pushes after a change look up the rules of their device anew, and begin its windows.
      await round(SETTLE_S);
      const { pid } = server.process();
      const historyBefore = await historyMicroseconds(server);
      const before = cpuMicroseconds(pid);
      const { pushes, refused, late } = await round(ROUND_S);
      lost += refused + late;
      fired += (await server.admin.ask('GET', '/alerts')).as(alertsReply).alerts.length;
      const cost = cpuMicroseconds(pid) - before - ((await historyMicroseconds(server)) - historyBefore);
      return cost / Math.max(1, pushes);
    };
    await round(WARM_S);
    const [withRules, without]: [number[], number[]] = [[], []];
    for (let i = 0; i < ROUNDS; i++) {
      withRules.push(await measure(true));
      without.push(await measure(false));
    }
    console.log(
      `alerts: ${CONDITIONS.length} rules of nearly every kind; ${fired} alerts fired, of none expected; ` +
        `${lost} pushes were refused or late: with many of them the figures say nothing`,
    );
    const [value, control] = [median(withRules), median(without)];
    return [
      {
        what: `${DEVICES.toLocaleString('en')} devices, ${CONDITIONS.length} rules: CPU per push`,
        value,
        unit: 'µs',
        control: { what: 'the same push, rules off', value: control },
        ratio: value / control,
        budget: BUDGET,
      },
    ];
  } finally {
    client.stop();
    await server.dispose();
    rmSync(scratch, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  }
}
