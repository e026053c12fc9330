/**
 * Random lives of alerts, with crashes of the server in between, against what must hold of all messages: nothing is told
 * twice, nothing is never told. The same seed gives the same life.
 */
import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import type { AlertRoute, Notification } from '#protocol/notify.ts';
import { createLog } from '../../../server/app/log.ts';
import { createDispatch, type Dispatch } from '../../../server/alerts/notify/dispatch.ts';
import { createOutbox } from '../../../server/alerts/notify/outbox.ts';
import type { AlertGroupRecord } from '../../../server/state/records.ts';
import { handClock } from '../../fleet/hand-clock.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { crashingCollection } from '../../state/crashing-collection.ts';
import { routeOf } from './dispatch-stage.ts';

const LIVES = 150;
const STEPS = 60;
const IDS = ['a', 'b', 'c', 'd', 'e'];
const REPEAT_S = 120;
/** In lives with a higher seed, somebody sets the clock back or forward by an hour now and then. */
const STEADY_LIVES = 75;

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The server's part that is tested, on disks that lose what is not written. Alerts are always on disk. */
function stageCrashes(route: AlertRoute, random: () => number) {
  const clock = handClock();
  const alerts = new Map<string, Alert>();
  const groups = crashingCollection<AlertGroupRecord>();
  const notifications = crashingCollection<Notification>();
  /** What was handed to the channels, by notification id. */
  const handed = new Map<string, Notification>();
  let dispatch: Dispatch;

  function start(): Dispatch {
    let crashed = false;
    const started = createDispatch({
      routes: () => [route],
      groups: groups.collection,
      tagsOf: () => [],
      alertOf: (id) => alerts.get(id),
      active: () => [...alerts.values()].filter(({ state }) => state !== 'resolved').toReversed(),
      alertsSaved: () => Promise.resolve(),
      outbox: createOutbox(notifications.collection),
      onAdded: (added) => {
        if (crashed) return;
        for (const notification of added) handed.set(notification.id, notification);
      },
      clock,
      log: createLog('silent'),
    });
    return { ...started, stop: () => ((crashed = true), started.stop()) };
  }
  dispatch = start();

  return {
    clock,
    alerts,
    groups,
    handed,
    set(alert: Alert) {
      alerts.set(alert.id, alert);
      dispatch.alertsChanged([alert]);
    },
    crash() {
      // What it still does reaches no disk and no channel.
      void dispatch.stop();
      groups.crash();
      notifications.crash();
      dispatch = start();
    },
    /** Lets a second pass, in which each disk may or may not be written. */
    async second(isWritten: () => boolean = () => random() < 0.5) {
      clock.pass(1000);
      for (let i = 0; i < 3; i++) {
        await settle();
        if (isWritten()) groups.write();
        if (isWritten()) notifications.write();
        await settle();
      }
    },
  };
}

type Stage = ReturnType<typeof stageCrashes>;

/** What happened to an alert, for the checks. */
interface Life {
  /**
   * Whether no message has to come: it was acknowledged or muted at some time, fired again before people were told, or
   * came and went while no disk was written before a crash.
   */
  left: boolean;
}

/** One random event of an alert. */
function happen(stage: Stage, random: () => number, lives: Map<string, Life>): void {
  const id = IDS[Math.floor(random() * IDS.length)] ?? 'a';
  const now = stage.clock.now();
  const known = stage.alerts.get(id);
  const key = (alert: Alert) => `${alert.id} ${alert.reopened}`;
  if (known === undefined || known.state === 'resolved') {
    const reopened = known === undefined ? 0 : known.reopened + 1;
    if (known !== undefined) lives.set(key(known), { left: true });
    const severity = random() < 0.5 ? 'warning' : 'critical';
    const alert: Alert = { ...firing, id, device_id: id, timestamp: now, reopened, severity };
    lives.set(key(alert), { left: false });
    stage.set(alert);
    return;
  }
  const what = random();
  if (what < 0.45)
    stage.set({ ...known, state: 'resolved', resolved_at: now, resolution: 'cleared', muted: null });
  else if (what < 0.6) stage.set({ ...known, severity: 'critical' });
  else if (what < 0.8) {
    lives.set(key(known), { left: true });
    stage.set({ ...known, state: 'acknowledged', acknowledged: { at: now, by: 'ada', comment: '' } });
  } else if (what < 0.9) stage.set({ ...known, state: 'firing', acknowledged: null });
  else {
    lives.set(key(known), { left: true });
    const muted = { by: 'silence', id: 's', name: 'Upgrade', until: null } as const;
    stage.set({ ...known, muted: known.muted === null ? muted : null });
  }
}

/** Crashes. What is over, and in no group on disk, is excused. */
function crash(stage: Stage, lives: Map<string, Life>): void {
  const stored = new Set(stage.groups.onDisk().flatMap(({ members }) => Object.keys(members)));
  for (const { id, reopened, state } of stage.alerts.values())
    if (state === 'resolved' && !stored.has(id)) lives.set(`${id} ${reopened}`, { left: true });
  stage.crash();
}

/** Lives through random events and crashes, then lets all alerts end and all that is due be said. */
async function live(
  seed: number,
): Promise<{ handed: Notification[]; lives: Map<string, Life>; stage: Stage }> {
  const random = chance(seed);
  const route = routeOf({
    channels: ['mail', 'phone'],
    wait_s: seed % 3 === 0 ? 0 : 3,
    update_s: 10,
    repeat_s: REPEAT_S,
    escalate: { after_s: 30, channels: ['boss'] },
    group_by: seed % 2 === 0 ? 'all' : 'machine',
  });
  const stage = stageCrashes(route, random);
  const lives = new Map<string, Life>();
  for (let step = 0; step < STEPS; step++) {
    happen(stage, random, lives);
    if (random() < 0.3) crash(stage, lives);
    if (seed > STEADY_LIVES && random() < 0.1) stage.clock.jump(random() < 0.5 ? -3_600_000 : 3_600_000);
    for (let s = Math.floor(random() * 8); s > 0; s--) await stage.second();
    if (random() < 0.3) crash(stage, lives);
  }
  for (const alert of stage.alerts.values())
    if (alert.state !== 'resolved')
      stage.set({ ...alert, state: 'resolved', resolved_at: stage.clock.now(), resolution: 'cleared' });
  for (let s = 0; s < 120; s++) await stage.second(() => true);
  return { handed: [...stage.handed.values()], lives, stage };
}

/** Whatever the messages of one event said to a channel, an entry for each alert. */
const toldOf = (handed: readonly Notification[], events: readonly string[], channel: string) =>
  handed
    .filter(({ event, channel_id }) => events.includes(event) && channel_id === channel)
    .flatMap(({ alerts }) => alerts);

/** No message of a group is repeated sooner than its route says. */
function expectRepeatedInTime(handed: readonly Notification[], where: string): void {
  const repeated = handed.filter(({ event, channel_id }) => event === 'repeated' && channel_id === 'mail');
  for (const one of repeated) {
    const next = repeated.find(({ thread, number }) => thread === one.thread && number > one.number);
    if (next !== undefined)
      expect(next.created_at - one.created_at, where).toBeGreaterThanOrEqual(REPEAT_S * 1000);
  }
}

describe('messages over crashes', () => {
  it('[A3] [A5] whatever happens and whenever the server crashes, nothing is told twice and nothing is never told', async () => {
    for (let seed = 1; seed <= LIVES; seed++) {
      const { handed, lives, stage } = await live(seed);
      const where = `seed ${seed}`;
      for (const channel of ['mail', 'phone']) {
        const firingTold = toldOf(handed, ['firing'], channel)
          .filter(({ state }) => state === 'firing')
          .map(({ id, reopened, severity }) => `${id} ${reopened} ${severity}`);
        expect(firingTold.toSorted(), where).toEqual([...new Set(firingTold)].toSorted());
        const ends = toldOf(handed, ['firing', 'resolved'], channel)
          .filter(({ state }) => state === 'resolved')
          .map(({ id, reopened }) => `${id} ${reopened}`);
        expect(ends.toSorted(), where).toEqual([...new Set(ends)].toSorted());
        const told = new Set([...firingTold.map((text) => text.replace(/ \w+$/, '')), ...ends]);
        for (const [key, { left }] of lives) if (!left) expect(told, where).toContain(key);
      }
      const numbers = handed.map(({ thread, number, channel_id }) => `${thread} ${number} ${channel_id}`);
      expect(new Set(numbers).size, where).toBe(numbers.length);
      if (seed <= STEADY_LIVES) expectRepeatedInTime(handed, where);
      expect(stage.groups.onDisk(), where).toEqual([]);
    }
  }, 120_000);
});
