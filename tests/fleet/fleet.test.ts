import { describe, expect, it } from 'vitest';
import { checkFields } from '#protocol/metrics.ts';
import { rowSample, type Sample, type Values } from '#protocol/sample.ts';
import { createFleet, wasOnlineAtEnd, type Fleet, type KnownDevice } from '../../server/fleet/fleet.ts';
import type { StatusChange } from '../../server/types.ts';
import { createCurrentSamples } from '../../server/ingest/current-samples.ts';
import { handClock, START } from './hand-clock.ts';

function openFleet(devices: readonly KnownDevice[] = [], latest: ReadonlyMap<string, Sample> = new Map()) {
  const clock = handClock();
  const changes: StatusChange[] = [];
  const fleet = createFleet({
    now: clock.now,
    every: clock.every,
    onStatusChange: (change) => changes.push(change),
    devices,
    latest,
  });
  const currentSamples = createCurrentSamples(new Map([...latest].map(([id, { t }]) => [id, t])));
  /** Pushes samples now. `sentAt`: what the push says of it, by the device's clock. */
  const push = (deviceId: string, intervalS = 5, samples: readonly Sample[] = [], sentAt?: number) => {
    const arrived = clock.now();
    const current = currentSamples.take({ deviceId, samples, sentAt, arrived });
    fleet.pushAccepted({ deviceId, samples, ...current, arrived, intervalS });
  };
  return { clock, changes, fleet, push };
}

/** Every device id that these tests use. */
const IDS = ['a', 'b', 'second', 'minute', 'was-online', 'also-online', 'was-offline', 'never'];
const onlineIn = (fleet: Pick<Fleet, 'get'>) => IDS.filter((id) => fleet.get(id)?.status === 'online');

/** `a online`, in the order in which the changes were announced. */
const announced = (changes: readonly StatusChange[]) =>
  changes.map(({ deviceId, status }) => `${deviceId} ${status}`);

describe('online and offline', () => {
  it('[F1] a device is offline until its first push, which is announced', () => {
    const { fleet, changes, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    expect(fleet.get('a')).toMatchObject({ status: 'offline', lastSeen: null, sampledAt: null });
    push('a');
    expect(changes).toEqual([{ deviceId: 'a', status: 'online', at: START, lastSeen: START }]);
    expect(onlineIn(fleet)).toEqual(['a']);
  });

  it('[F1] a device is offline after three intervals without a push, 15 s at least', () => {
    const { clock, fleet, changes, push } = openFleet();
    fleet.add('second', { intervalS: 1 });
    fleet.add('minute', { intervalS: 60 });
    push('second', 1);
    push('minute', 60);
    clock.pass(14_900);
    expect(onlineIn(fleet)).toEqual(['second', 'minute']);
    clock.pass(2_100);
    expect(onlineIn(fleet)).toEqual(['minute']);
    clock.pass(162_900);
    expect(onlineIn(fleet)).toEqual(['minute']);
    clock.pass(2_100);
    expect(announced(changes)).toEqual([
      'second online',
      'minute online',
      'second offline',
      'minute offline',
    ]);
  });

  it('[F2] a device that went offline is announced once, within 2 s', () => {
    const { clock, fleet, changes, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    clock.pass(330);
    push('a');
    const seen = clock.now();
    clock.pass(60_000);
    expect(announced(changes)).toEqual(['a online', 'a offline']);
    const offline = changes[1];
    expect(offline?.lastSeen).toBe(seen);
    expect(offline?.at).toBeGreaterThanOrEqual(seen + 15_000);
    expect(offline?.at).toBeLessThanOrEqual(seen + 17_000);
  });

  it('[F1] a change to a shorter interval does not make a device go offline', () => {
    const { clock, fleet, changes, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a', 5);
    clock.pass(5_000);
    push('a', 1);
    clock.pass(10_000);
    push('a', 1);
    expect(announced(changes)).toEqual(['a online']);
  });

  it('an offline device is online again with its next push', () => {
    const { clock, fleet, changes, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a');
    clock.pass(30_000);
    push('a');
    expect(announced(changes)).toEqual(['a online', 'a offline', 'a online']);
  });

  it('a push with no new samples still keeps its device online', () => {
    const { clock, fleet, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    for (let i = 0; i < 10; i++) {
      push('a', 5, []);
      clock.pass(10_000);
    }
    expect(onlineIn(fleet)).toEqual(['a']);
  });

  it('a removed device is unknown, and its late push does not bring it back', () => {
    const { clock, fleet, changes, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a');
    fleet.remove('a');
    push('a');
    clock.pass(60_000);
    expect(fleet.get('a')).toBeUndefined();
    expect(announced(changes)).toEqual(['a online']);
  });

  it('a stopped fleet announces nothing', () => {
    const { clock, fleet, changes, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a');
    fleet.stop();
    clock.pass(60_000);
    expect(announced(changes)).toEqual(['a online']);
  });
});

describe('after a restart', () => {
  const stopped = START - 3_600_000;
  const known: readonly KnownDevice[] = [
    { deviceId: 'was-online', intervalS: 5, lastSeen: stopped, wasOnline: true },
    { deviceId: 'also-online', intervalS: 5, lastSeen: stopped - 4_000, wasOnline: true },
    { deviceId: 'was-offline', intervalS: 5, lastSeen: stopped - 86_400_000, wasOnline: false },
    { deviceId: 'never', intervalS: 5, lastSeen: null, wasOnline: false },
  ];

  it('[F2] after a restart the devices keep their status, and nothing is announced', () => {
    const { clock, fleet, changes } = openFleet(known);
    expect(onlineIn(fleet)).toEqual(['was-online', 'also-online']);
    clock.pass(29_900);
    expect(changes).toEqual([]);
  });

  it('[F2] after a restart a device is offline that does not push within one window after its longest wait', () => {
    const { clock, changes, push } = openFleet(known);
    for (let s = 0; s < 20; s += 5) {
      clock.pass(5_000);
      push('was-online');
    }
    clock.pass(12_000);
    expect(announced(changes)).toEqual(['also-online offline']);
    expect(changes[0]?.lastSeen).toBe(stopped - 4_000);
  });

  it('[F2] no clock of a device decides who was online: five are right, one is 200 s ahead', () => {
    const ids = ['a', 'b', 'second', 'minute', 'was-online', 'also-online'];
    const skewMs = (id: string) => (id === 'also-online' ? 200_000 : 0);
    const before = openFleet();
    for (const deviceId of ids) before.fleet.add(deviceId, { intervalS: 5 });
    const pushAll = ({ push, clock }: ReturnType<typeof openFleet>) => {
      for (const id of ids) push(id, 5, [{ t: clock.now() + skewMs(id), values: { cpu: 1 } }]);
    };
    pushAll(before);
    const latest = new Map(ids.map((id) => [id, { t: START + skewMs(id), values: { cpu: 1 } }]));
    // After a crash, the records are as old as the devices' last change of status.
    const devices = ids.map((deviceId) => ({
      deviceId,
      intervalS: 5,
      lastSeen: START - 9_000_000,
      wasOnline: true,
    }));
    const after = openFleet(devices, latest);
    after.clock.pass(25_000);
    pushAll(after);
    after.clock.pass(14_000);
    expect(after.changes).toEqual([]);
    expect(onlineIn(after.fleet)).toHaveLength(6);
  });

  it('[F2] a stored sample is no arrival: it neither makes a device online nor changes when it was seen', () => {
    const latest = new Map([['a', { t: START - 1_000, values: { cpu: 7 } }]]);
    const lastSeen = START - 86_400_000;
    const { fleet } = openFleet([{ deviceId: 'a', intervalS: 5, lastSeen, wasOnline: false }], latest);
    expect(fleet.get('a')).toMatchObject({ status: 'offline', lastSeen, values: { cpu: 7 } });
  });

  it('[F2] a server that starts with its clock set back gives every device its time', () => {
    const devices = [{ deviceId: 'a', intervalS: 5, lastSeen: START + 3_600_000, wasOnline: true }];
    const { clock, changes } = openFleet(devices);
    clock.pass(14_000);
    expect(changes).toEqual([]);
    clock.pass(18_000);
    expect(announced(changes)).toEqual(['a offline']);
  });

  it('[F2] a server that was suspended gives every device a new grace window', () => {
    const { clock, fleet, changes, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a');
    clock.jump(3_600_000);
    clock.pass(29_000);
    expect(announced(changes)).toEqual(['a online']);
    clock.pass(3_000);
    expect(announced(changes)).toEqual(['a online', 'a offline']);
  });

  it('[F2] a server clock that is set back does not keep a silent device online', () => {
    const { clock, fleet, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a');
    clock.jump(-3_600_000);
    clock.pass(18_000);
    expect(onlineIn(fleet)).toEqual([]);
  });
});

describe('newest values', () => {
  it('[F3] the shown values stay those of the newest sample when a late batch comes', () => {
    const { fleet, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a', 5, [
      { t: START - 1_000, values: { cpu: 10 } },
      { t: START, values: { cpu: 20 } },
    ]);
    push('a', 5, [{ t: START - 60_000, values: { cpu: 99 } }]);
    expect(fleet.get('a')).toMatchObject({ sampledAt: START, values: { cpu: 20 } });
    expect(fleet.recent('a').cpu).toEqual([10, 20]);
  });

  it('[F3] the shown values are those of the newest push after a device that was ahead has its clock set', () => {
    for (const says of [true, false]) {
      const { clock, fleet, push } = openFleet();
      fleet.add('a', { intervalS: 5 });
      const pushAt = (t: number, cpu: number) => push('a', 5, [{ t, values: { cpu } }], says ? t : undefined);
      pushAt(START - 5_000, 5);
      clock.pass(5_000);
      pushAt(clock.now() + 240_000, 10);
      clock.pass(5_000);
      pushAt(clock.now(), 99);
      expect(fleet.get('a')).toMatchObject({ sampledAt: clock.now(), values: { cpu: 99 } });
      expect(fleet.recent('a').cpu).toEqual([5, 99]);
    }
  });

  it("[F3] the shown values are those of the newest push after the server's clock was set back an hour", () => {
    const { clock, fleet, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a', 5, [{ t: START, values: { cpu: 10 } }], START);
    clock.jump(-3_600_000);
    clock.pass(5_000);
    push('a', 5, [{ t: clock.now(), values: { cpu: 99 } }], clock.now());
    expect(fleet.get('a')?.values).toEqual({ cpu: 99 });
  });

  it('the shown values of a push in columns are those of its newest row, copied out of the push', () => {
    const { fleet, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    const layout = checkFields(['cpu', 'ram']);
    const samplesOf = (numbers: number[]) => {
      const buffer = Float64Array.from(numbers);
      const sampleAt = (i: number) =>
        rowSample(START + (numbers[0] ?? 0) + i, { layout, numbers: buffer, offset: i * 2 });
      return [sampleAt(0), sampleAt(1)];
    };
    push('a', 5, samplesOf([1, 2, 3, NaN]));
    expect(fleet.get('a')?.values).toEqual({ cpu: 3 });
    const firstValues = fleet.get('a')?.values;
    push('a', 5, samplesOf([10, 20, 30, 40]));
    expect(fleet.get('a')?.values).toEqual({ cpu: 30, ram: 40 });
    expect(firstValues).toEqual({ cpu: 3 });
  });

  it('a push in columns is taken without naming its values, which would cost every push', () => {
    const { fleet, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    const layout = checkFields(['cpu']);
    const row = { layout, numbers: Float64Array.of(7), offset: 0 };
    const unnamed: Sample = {
      t: START,
      row,
      get values(): Values {
        throw new Error('the values were named');
      },
    };
    push('a', 5, [unnamed]);
    expect(fleet.get('a')?.values).toEqual({ cpu: 7 });
  });

  it('the recent values of a device are at most 60 points of the last five minutes, oldest first', () => {
    const { fleet, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    for (let s = 0; s < 600; s++)
      push('a', 1, [{ t: START + s * 1000, values: { cpu: s / 10, net_tx: 1234567.8 } }]);
    const recent = fleet.recent('a');
    expect(recent.t).toHaveLength(60);
    expect(recent.t[0]).toBe(START + 304_000);
    expect(recent.t.at(-1)).toBe(START + 599_000);
    expect(recent.cpu.at(-1)).toBe(59.7);
    expect(recent.net_tx[0]).toBeCloseTo(1234568, -1);
    expect(recent.ram.every((value) => value === null)).toBe(true);
    expect(fleet.recent('a', 20).t).toHaveLength(20);
    expect(fleet.recent('a', 20).t.at(-1)).toBe(START + 599_000);
  });

  it('the recent values of a device leave out points older than five minutes', () => {
    const { fleet, push } = openFleet();
    fleet.add('a', { intervalS: 5 });
    push('a', 5, [{ t: START, values: { cpu: 1 } }]);
    push('a', 5, [{ t: START + 400_000, values: { cpu: 2 } }]);
    expect(fleet.recent('a').cpu).toEqual([2]);
    expect(fleet.recent('unknown').t).toEqual([]);
  });
});

describe('[F2] whether a device was online when the server ended', () => {
  const SEEN = START - 60_000;

  it.each([
    ['its record says so', { online: true, last_seen: SEEN }, SEEN, true],
    ['its record says that it was offline', { online: false, last_seen: SEEN }, SEEN, false],
    ['its record was not written since it joined', { last_seen: null }, SEEN, true],
    ['its record was not written since it came back', { online: false, last_seen: SEEN }, SEEN + 1, true],
    ['the journal has nothing of it', { online: false, last_seen: SEEN }, undefined, false],
    ['it never pushed', { last_seen: null }, undefined, false],
  ])('where %s', (_, record, arrived, was) => {
    expect(wasOnlineAtEnd(record, arrived)).toBe(was);
  });
});
