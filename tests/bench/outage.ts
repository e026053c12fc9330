/**
 * `node tests/bench/outage.ts [seconds]`: devices push to a server whose InfluxDB, behind a proxy, fails in each
 * known way for that long (a minute by default), and is restarted in the middle of it. Prints how long charts,
 * the status, starts and stops took, and compares what was acknowledged with what InfluxDB holds at the end.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { statusReply } from '#protocol/api.ts';
import { eventually } from '../e2e/eventually.ts';
import { acknowledgedPushes, type Acknowledged } from '../influx/acknowledged.ts';
import { findInfluxd, startInfluxd } from '../influx/influxd.ts';
import { FAULTS, startProxy } from '../influx/proxy.ts';
import { openStage } from '../routes/stage.ts';

const DEVICES = 20;
const PUSH_EVERY_MS = 1000;
const LOOK_EVERY_MS = 2000;
/** A push has the samples of five seconds, so the first one is this old: those of a long run stay in the past. */
const FIRST_SAMPLE_MS = 6 * 3_600_000;

const seconds = Number(process.argv[2] ?? 60);
const binary = findInfluxd();
if (binary === undefined) {
  console.error('There is no influxd here: name one in INFLUXD_BIN.');
  process.exit(1);
}
const influxd = await startInfluxd(binary);
const proxy = await startProxy(influxd.url);
const { org, token, bucket } = influxd;
const stage = await openStage({ influx: { url: proxy.url, org, token, bucket } });
const pushers: Acknowledged[] = [];
const from = Math.floor(Date.now() / 1000) * 1000 - FIRST_SAMPLE_MS;
for (let i = 0; i < DEVICES; i++)
  pushers.push(acknowledgedPushes(stage, await stage.device(`device-${i}`), from));

/** Milliseconds that `work` took, at most so far. */
class Longest {
  ms = 0;
  async of<T>(work: () => Promise<T>): Promise<T> {
    const before = performance.now();
    const result = await work();
    this.ms = Math.max(this.ms, performance.now() - before);
    return result;
  }
  toString(): string {
    return `${Math.round(this.ms)} ms`;
  }
}

const ask = (path: string) => stage.admin.ask('GET', path);

/** Pushes and looks at the server until `over`; pushes that the restart refuses are not acknowledged. */
async function load(
  over: () => boolean,
  charts: Longest,
  status: Longest,
  reasons: Set<string>,
): Promise<void> {
  const pushing = pushers.map(async (pusher, i) => {
    for (let n = 0; !over(); n++) {
      const failed = await pusher.push().catch(() => 0);
      // Every tenth push loses its answer.
      if (failed === 0 || (n + i) % 10 === 0) await pusher.resend().catch(() => 0);
      await pause(PUSH_EVERY_MS);
    }
  });
  const looking = async () => {
    while (!over()) {
      try {
        const chart = await charts.of(() => ask('/devices/device-0/metrics?fields=cpu'));
        if (chart.status !== 200)
          reasons.add(`${chart.status} ${chart.text.replace(/.*"message":"([^"]*)".*/, '$1')}`);
        const { notices } = (await status.of(() => ask('/status'))).as(statusReply);
        for (const notice of notices) reasons.add(notice);
      } catch {
        reasons.add('(the server was restarting)');
      }
      await pause(LOOK_EVERY_MS);
    }
  };
  await Promise.all([...pushing, looking()]);
}

for (const [name, fault] of Object.entries(FAULTS)) {
  const [charts, status, restart] = [new Longest(), new Longest(), new Longest()];
  const reasons = new Set<string>();
  let over = false;
  proxy.disturb(fault);
  const loading = load(() => over, charts, status, reasons);
  await pause(seconds * 500);
  await restart.of(() => stage.restart());
  await pause(seconds * 500);
  over = true;
  await loading;
  proxy.disturb(undefined);
  console.log(
    `${name}, ${seconds} s: chart ${charts.toString()}, status ${status.toString()}, stop and start together ${restart.toString()} at most`,
  );
  for (const reason of reasons) console.log(`  ${reason}`);
}

await eventually(
  'the history caught up',
  async () => (await ask('/status')).as(statusReply).history.behind_bytes === 0,
  300_000,
);
const found = await Promise.all(pushers.map((pusher) => pusher.compare(influxd)));
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const acknowledged = sum(pushers.map(({ count }) => count));
const missing = sum(found.map((one) => one.missing));
console.log(
  `acknowledged ${acknowledged}, in InfluxDB ${sum(found.map(({ stored }) => stored))}, missing ${missing}, other values ${sum(found.map(({ wrong }) => wrong))}`,
);
await stage.close();
await proxy.stop();
await influxd.stop();
process.exitCode = missing === 0 ? 0 : 1;
