import { describe, expect, it } from 'vitest';
import type { SenderState } from '../../../agent/outgoing/sender.ts';
import { createWatchdog } from '../../../agent/service/watchdog.ts';
import { manualClock } from '../sampling/clock.ts';
import { keptLog } from '../quiet.ts';

const ENV = {
  NOTIFY_SOCKET: '/run/systemd/notify',
  WATCHDOG_USEC: '120000000',
  WATCHDOG_PID: String(process.pid),
};

function setup(env: Record<string, string> = ENV, answer: () => Promise<void> = () => Promise.resolve()) {
  const clock = manualClock();
  const log = keptLog();
  const told: string[][] = [];
  let state: SenderState = { acceptedAt: undefined, sent: 7, nextAt: clock.now(), failing: undefined };
  const alive = createWatchdog({
    ...{ env, clock, log },
    sender: { state: () => state },
    notify: (...states) => {
      told.push(states);
      return answer();
    },
  });
  /** Takes a sample a second, while the sender does what `pushes` says. */
  const sample = async (seconds: number, pushes = true) => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1000);
      if (pushes) state = { ...state, nextAt: clock.now() + 5000 };
      alive();
    }
  };
  return {
    clock,
    log,
    told,
    sample,
    fail: (reason: string) => {
      state = { ...state, failing: { since: clock.now(), tries: 3, kind: 'unreachable', reason } };
    },
  };
}

describe('the watchdog', () => {
  it('[G4] while samples are taken and sending goes on, systemd is told three times in its limit, and no more', async () => {
    const { told, sample } = setup();
    await sample(121);
    expect(told.map(([first]) => first)).toEqual(Array(4).fill('WATCHDOG=1'));
    expect(told[0]).toContain('STATUS=Pushes are accepted; 7 samples sent');
  });

  it('an agent that takes no samples any more tells nothing, though its process lives', async () => {
    const { told, sample, clock } = setup();
    await sample(1);
    await clock.advance(600_000);
    expect(told).toHaveLength(1);
  });

  it('an agent whose sending is stuck tells nothing, though it takes samples; one that cannot reach its server does', async () => {
    const { told, sample, fail } = setup();
    await sample(1);
    await sample(400, false);
    // Until a push was under way for two minutes.
    expect(told.length).toBeLessThan(5);
    const before = told.length;
    await sample(200, false);
    expect(told).toHaveLength(before);
    fail('ECONNREFUSED');
    await sample(41);
    expect(told.at(-1)).toContain('STATUS=Samples cannot be sent: ECONNREFUSED');
  });

  it('where systemd cannot be told, that is logged once, with what to do', async () => {
    const { log, sample } = setup(ENV, () => Promise.reject(new Error('spawn systemd-notify ENOENT')));
    await sample(121);
    expect(log.lines).toEqual([
      { level: 'warn', text: expect.stringMatching(/systemd-notify ENOENT.*WatchdogSec=0/) },
    ]);
  });

  it.each([
    ['without systemd', {}],
    ['with a unit without WatchdogSec', { NOTIFY_SOCKET: '/run/systemd/notify' }],
    ['as a process that another service has started', { ...ENV, WATCHDOG_PID: '1' }],
  ])('%s nothing is told', async (_, env) => {
    const { told, sample } = setup(env);
    await sample(300);
    expect(told).toEqual([]);
  });
});
