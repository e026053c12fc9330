import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePush } from '#protocol/sample.ts';
import { createOutbox } from '../../../agent/outgoing/outbox.ts';
import { createPush } from '../../../agent/outgoing/push.ts';
import { startSender } from '../../../agent/outgoing/sender.ts';
import { openSpool, SEGMENT } from '../../../agent/outgoing/spool.ts';
import { watchClock } from '../../../agent/sampling/clock-steps.ts';
import { startLoop } from '../../../agent/sampling/loop.ts';
import { createPace } from '../../../agent/sampling/pace.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { manualClock } from './clock.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 1);

/** A sample as the server got it: its time, and the machine's time since the boot when it was taken. */
interface Arrived {
  readonly t: number;
  readonly uptime: number;
}

/**
 * A machine that booted with its clock at `start`. It runs an agent with the real parts from the loop to the push, and
 * a server that can be away.
 */
function machine(start: number) {
  const clock = manualClock(start);
  const folder = join(ownFolder(), 'spool');
  const arrived: Arrived[] = [];
  let away = false;

  const startAgent = (boot: string) => {
    const log = keptLog();
    const clockSetting = watchClock(clock, log, boot);
    const pace = createPace(undefined);
    const spool = openSpool(folder, { bytes: 1 << 20, ...SEGMENT }, log);
    const outbox = createOutbox(spool, log);
    const push = createPush({
      declared: () => undefined,
      link: {
        deviceId: () => 'device-1',
        push(body) {
          if (away) return Promise.resolve({ kind: 'unreachable', reason: 'ECONNREFUSED' });
          const samples = parsePush(JSON.parse(body)).data?.samples ?? [];
          arrived.push(...samples.map(({ t, values }) => ({ t, uptime: values['uptime'] ?? NaN })));
          const reply = { accepted: samples.length, duplicates: 0, interval_s: 5, sample_s: 1 };
          return Promise.resolve({ kind: 'accepted', reply });
        },
      },
      clock,
      clockSetting,
      hostname: 'h',
      run: { id: boot, follows: undefined },
      machine: undefined,
      address: () => '',
      inventory: () => undefined,
      pace,
      spool,
      told: () => undefined,
    });
    const link = { ready: () => Promise.resolve(undefined) };
    const setAside = (_: unknown, reason: string) => expect.unreachable(reason);
    const { stop: stopSender } = startSender({
      ...{ clock, log, outbox, spool, link, push, setAside, pace },
      random: () => 0.5,
    });
    const stopLoop = startLoop(clock, pace, (t) =>
      outbox.add({ t, clock: clockSetting(), fields: { uptime: clock.uptime() } }),
    );
    return {
      log,
      async stop() {
        stopLoop();
        await Promise.all([stopSender(), clock.advance(5000)]);
        spool.close();
      },
    };
  };

  /** How far the worst dated sample is from its true time, by the clock as it is set now, in milliseconds. */
  const worstError = () => {
    const bootedAt = clock.now() - clock.uptime();
    return Math.max(...arrived.map(({ t, uptime }) => Math.abs(t - bootedAt - uptime)));
  };
  return {
    clock,
    arrived,
    worstError,
    startAgent,
    cutOff: () => (away = true),
    connect: () => (away = false),
  };
}

describe('a step of the wall clock', () => {
  it.each([
    ['from 1970 to now', 0, NOW],
    ['two minutes back', NOW, -120_000],
    ['an hour forward', NOW, 3_600_000],
    ['two days back', NOW, -2 * DAY],
    ['two days forward', NOW, 2 * DAY],
    ['a second back', NOW, -1000],
    ['700 ms forward', NOW, 700],
  ])(
    '[I5] the samples that wait while the clock is set %s arrive with their true times',
    async (_, start, step) => {
      const { clock, arrived, worstError, startAgent, cutOff, connect } = machine(start);
      cutOff();
      const agent = startAgent('boot-1');
      await clock.advance(26_000);
      clock.step(step);
      await clock.advance(10_300);
      connect();
      await clock.advance(60_000);
      await agent.stop();
      expect(arrived.length).toBeGreaterThanOrEqual(95);
      expect(worstError()).toBeLessThan(1000);
      expect(new Set(arrived.map(({ t }) => t)).size).toBe(arrived.length);
      expect(JSON.stringify(agent.log.lines)).toContain('the clock of this machine was set');
    },
  );

  it.each([-120_000, -120_400, -1000])(
    '[I5] after a step of %d ms no sample has the time of one that was sent before the step',
    async (step) => {
      const { clock, arrived, startAgent } = machine(NOW);
      const agent = startAgent('boot-1');
      await clock.advance(150_000);
      clock.step(step);
      await clock.advance(200_000);
      await agent.stop();
      expect(arrived.length).toBeGreaterThanOrEqual(348);
      expect(new Set(arrived.map(({ t }) => t)).size).toBe(arrived.length);
    },
  );

  it('[I5] samples of an earlier run of the agent are dated anew when the clock was set after it, and keep their times after a boot', async () => {
    const { clock, arrived, worstError, startAgent, cutOff, connect } = machine(0);
    cutOff();
    const first = startAgent('boot-1');
    await clock.advance(20_000);
    await first.stop();
    clock.step(NOW);
    const second = startAgent('boot-1');
    await clock.advance(20_000);
    await second.stop();
    connect();
    await startAgent('boot-1').stop();
    const third = startAgent('boot-1');
    await clock.advance(30_000);
    await third.stop();
    expect(arrived.length).toBeGreaterThanOrEqual(60);
    expect(worstError()).toBeLessThan(1000);

    arrived.length = 0;
    cutOff();
    const fourth = startAgent('boot-2');
    await clock.advance(20_000);
    await fourth.stop();
    const until = clock.now();
    clock.step(DAY);
    connect();
    const fifth = startAgent('boot-3');
    await clock.advance(30_000);
    await fifth.stop();
    const old = arrived.filter(({ uptime }) => uptime < until - NOW);
    expect(old.length).toBeGreaterThanOrEqual(20);
    for (const { t } of old) expect(t).toBeLessThan(until);
  });

  it('[I5] samples that wait while the machine sleeps keep their times', async () => {
    const { clock, arrived, worstError, startAgent, cutOff, connect } = machine(NOW);
    cutOff();
    const agent = startAgent('boot-1');
    await clock.advance(20_000);
    clock.sleep(8 * 3_600_000);
    await clock.advance(5000);
    connect();
    await clock.advance(30_000);
    await agent.stop();
    expect(arrived.length).toBeGreaterThanOrEqual(54);
    expect(worstError()).toBeLessThan(1000);
    expect(JSON.stringify(agent.log.lines)).not.toContain('was set');
  });
});
