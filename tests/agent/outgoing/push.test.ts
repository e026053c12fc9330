import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parsePush, type Inventory, type PushReply } from '#protocol/sample.ts';
import type { Outcome } from '../../../agent/link/outcome.ts';
import { createPush, inColumns, reportsOf } from '../../../agent/outgoing/push.ts';
import { createTold } from '../../../agent/outgoing/told.ts';
import { watchClock } from '../../../agent/sampling/clock-steps.ts';
import type { Sample } from '../../../agent/sampling/sample.ts';
import { keptLog } from '../quiet.ts';
import { manualClock } from '../sampling/clock.ts';
import { sample, samples } from './numbered.ts';

const T = Date.UTC(2026, 0, 1);
const accepted = (count: number, duplicates = 0, more: Partial<PushReply> = {}): Outcome => ({
  kind: 'accepted',
  reply: { accepted: count, duplicates, interval_s: 5, sample_s: 1, ...more },
});
const ACCEPTED = accepted(1);

/** The samples as the server reads them from a push with these columns. */
function asRead(some: readonly Sample[]) {
  const body: unknown = JSON.parse(
    JSON.stringify({ device_id: 'd', hostname: 'h', ip: '', ...inColumns(some) }),
  );
  const { data, error } = parsePush(body);
  expect(error?.issues).toBeUndefined();
  expect(data?.form).toBe('columns');
  return data?.samples.map(({ t, values }) => ({ t, fields: values }));
}

it('the reports on processes of a push have the times of their samples, and the server takes them', () => {
  const processes = { period_s: 60, total: 80, rows: [{ pid: 7, name: 'node', cpu: 12, cpu_peak: 50 }] };
  const some = [
    { t: T, fields: { cpu: 1 } },
    { t: T + 1000, fields: { cpu: 2 }, processes },
  ];
  const reports = reportsOf(some);
  expect(reports).toEqual([{ at: T + 1000, ...processes }]);
  const { data } = parsePush({
    ...{ device_id: 'd', hostname: 'h', ip: '', ...inColumns(some) },
    processes: reports,
  });
  expect(data?.processes).toMatchObject(reports);
  expect(data?.leftOut.isEmpty).toBe(true);
});

describe('the columns of a push', () => {
  it('columns name each field once, in the order in which the samples bring them, with null where a sample has none', () => {
    const some = [
      { t: T, fields: { ram: 40 } },
      { t: T + 1000, fields: { cpu: 3.5, ram: 41, 'core:0:cpu': 7 } },
      { t: T + 2000, fields: { disk: 0, cpu: 4 } },
    ];
    expect(inColumns(some)).toEqual({
      fields: ['ram', 'cpu', 'core:0:cpu', 'disk'],
      rows: [
        [T, 40, null, null, null],
        [T + 1000, 41, 3.5, 7, null],
        [T + 2000, null, 4, null, 0],
      ],
    });
    expect(asRead(some)).toEqual(some);
  });

  it('columns hold a sample without fields as a row of only its time', () => {
    expect(inColumns([{ t: T, fields: {} }])).toEqual({ fields: [], rows: [[T]] });
    const some = [
      { t: T, fields: {} },
      { t: T + 1000, fields: { cpu: 1 } },
    ];
    expect(asRead(some)).toEqual(some);
  });

  it('columns hold names with quotes, blanks, colons and characters of any script', () => {
    const names = ['mount:C:\\"Data" \u{1F4BE}:used', 'sensor:Gehäuse Δ 1:celsius', 'interface:eth0:1:rx'];
    const some = [{ t: T, fields: Object.fromEntries(names.map((name, n) => [name, n])) }];
    expect(asRead(some)).toEqual(some);
  });

  it('columns hold 4000 fields in each of 5 samples, in less than the server’s limit', () => {
    const fields = Object.fromEntries(Array.from({ length: 4000 }, (_, n) => [`core:${n}:cpu`, n / 100]));
    const some = Array.from({ length: 5 }, (_, n) => ({ t: T + n * 1000, fields }));
    expect(asRead(some)).toEqual(some);
    expect(JSON.stringify(inColumns(some)).length).toBeLessThan(200_000);
  });
});

/** A push over a link that answers what `outcomes` says, and accepts everything afterwards. */
const FOLLOWED = 'f'.repeat(64);

function setup(...outcomes: Outcome[]) {
  const run = { id: randomUUID(), follows: FOLLOWED };
  const bodies: unknown[] = [];
  let inventory: Inventory | undefined;
  let dropped = 0;
  let device = 'device-1';
  const clock = manualClock(T);
  const log = keptLog();
  const push = createPush({
    declared: () => undefined,
    link: {
      deviceId: () => device,
      push: (body) => {
        bodies.push(JSON.parse(body));
        return Promise.resolve(outcomes.shift() ?? ACCEPTED);
      },
    },
    clock,
    clockSetting: watchClock(clock, log, 'boot-1'),
    hostname: 'host',
    run,
    machine: 'abcd1234',
    address: () => '192.0.2.7',
    inventory: () => inventory,
    pace: { now: () => ({ pushMs: 30_000, sampleMs: 1000 }) },
    spool: {
      dropped: () => dropped,
      reported: (count) => {
        dropped -= count;
      },
    },
    told: createTold('/data', log),
  });
  return {
    push,
    bodies,
    log,
    gathered: (found: Inventory) => {
      inventory = found;
    },
    become: (id: string) => {
      device = id;
    },
    lose: (count: number) => {
      dropped += count;
    },
  };
}

describe('a push', () => {
  it('a push says which device it comes from, when it was sent, and how often this device pushes', async () => {
    const { push, bodies } = setup(accepted(2));
    await push(samples(0, 2));
    expect(bodies).toEqual([
      {
        device_id: 'device-1',
        hostname: 'host',
        machine: 'abcd1234',
        follows: FOLLOWED,
        ip: '192.0.2.7',
        sent_at: T,
        run_id: expect.any(String),
        interval_s: 30,
        fields: ['cpu'],
        rows: [
          [T, 0],
          [T + 1000, 1],
        ],
      },
    ]);
    expect(parsePush(bodies[0]).data?.interval_s).toBe(30);
  });

  it('[F4] until a push was accepted, an agent says which start of itself it follows', async () => {
    const { push, bodies } = setup({ kind: 'unreachable', reason: 'ECONNREFUSED' });
    for (let n = 0; n < 3; n++) await push([sample(n)]);
    expect(bodies.map((body) => parsePush(body).data?.follows)).toEqual([FOLLOWED, FOLLOWED, undefined]);
  });

  it('[F4] an agent tells again what its machine is once it is a device of its own, or the other one is', async () => {
    const other_agent = { hostname: 'web-2', ip: '192.0.2.8' };
    const { push, bodies, gathered, become } = setup(ACCEPTED, accepted(1, 0, { other_agent }));
    gathered({ kernel: '6.1' });
    for (let n = 0; n < 5; n++) {
      if (n === 4) become('device-2');
      await push([sample(n)]);
    }
    // The fourth follows the third one's reply, which names no other agent any more.
    expect(bodies.map((body) => parsePush(body).data?.inventory !== undefined)).toEqual([
      ...[true, false, false],
      ...[true, true],
    ]);
  });

  it('[F4] all pushes of one run of an agent have the same run id, and another run has another', async () => {
    const [one, two] = [setup(), setup()];
    for (const { push } of [one, one, two]) await push([sample(0)]);
    const ids = [...one.bodies, ...two.bodies].map((body) => parsePush(body).data?.run_id);
    expect(ids[0]).toBeDefined();
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('[F4] an agent that hears of another one with its identity logs once which one, and what to do', async () => {
    const shared = (hostname: string) => accepted(1, 0, { other_agent: { hostname, ip: '192.0.2.8' } });
    const { push, log } = setup(shared('web-2'), shared('web-2'), ACCEPTED, shared('web-2'), shared('web-3'));
    for (let n = 0; n < 6; n++) await push([sample(n)]);
    expect(log.lines.map(({ text }) => /web-\d/.exec(text)?.[0])).toEqual(['web-2', 'web-3']);
    expect(log.lines[0]?.text).toMatch(/192\.0\.2\.8.*join --as-new/);
  });

  it('[I7] an agent logs each field that the server left out once, with the reason, and counts the push as sent', async () => {
    const leftOut = (...names: string[]) => {
      const fields = names.map((field) => ({ field, reason: `no ${field}` }));
      return accepted(1, 0, { ignored: { count: fields.length, samples: 0, fields } });
    };
    const { push, log } = setup(leftOut('a b', 'ram'), leftOut('ram'), leftOut('disk', 'ram'));
    for (let n = 0; n < 3; n++) expect((await push([sample(n)])).kind).toBe('accepted');
    expect(log.lines.map(({ level, text }) => `${level} ${/no [^"]+/.exec(text)?.[0] ?? ''}`)).toEqual([
      'warn no a b',
      'warn no ram',
      'warn no disk',
    ]);
  });

  it('[I7] fields that change with every push do not fill the agent’s log', async () => {
    const { push, log } = setup(
      ...Array.from({ length: 1000 }, (_, n) =>
        accepted(1, 0, { ignored: { count: 1, samples: 0, fields: [{ field: `f ${n}`, reason: 'no' }] } }),
      ),
    );
    for (let n = 0; n < 1000; n++) await push([sample(n)]);
    expect(log.lines.length).toBeLessThan(300);
    expect(log.lines.at(-1)?.text).toMatch(/no further one/);
  });

  it('[I7] a sample that the server left out counts as sent, and more missing ones than it left out do not', async () => {
    const ignored = { count: 1, samples: 1, fields: [{ field: 'rows.3.0', reason: 'is in the future' }] };
    const { push } = setup(accepted(5, 2, { ignored }), accepted(5, 2, { ignored }));
    expect((await push(samples(0, 8))).kind).toBe('accepted');
    expect((await push(samples(0, 9))).kind).toBe('unreachable');
  });

  it('pushes carry the inventory from when it is gathered until the server accepted it', async () => {
    const { push, bodies, gathered } = setup(ACCEPTED, { kind: 'unreachable', reason: 'ECONNRESET' });
    await push([sample(0)]);
    gathered({ os_name: 'Debian' });
    for (let n = 1; n < 4; n++) await push([sample(n)]);
    const inventories = bodies.map((body) => parsePush(body).data?.inventory);
    expect(inventories).toEqual([undefined, { os_name: 'Debian' }, { os_name: 'Debian' }, undefined]);
  });

  it.each([
    [1, 0],
    [0, 27],
    [28, 1],
    [0, 0],
  ])(
    '[G1] samples count as sent only when the reply counts all of them: %d accepted and %d duplicates of 28 is no reply to the push',
    async (count, duplicates) => {
      const { push, bodies, lose } = setup(accepted(count, duplicates), accepted(20, 8));
      lose(3);
      expect(await push(samples(0, 28))).toMatchObject({
        kind: 'unreachable',
        reason: expect.stringMatching(/of the 28 samples/),
      });
      expect((await push(samples(0, 28))).kind).toBe('accepted');
      expect(bodies.map((body) => parsePush(body).data?.dropped)).toEqual([3, 3]);
    },
  );

  it('[G1] pushes carry the number of dropped samples until a push with that number was accepted', async () => {
    const { push, bodies, lose } = setup({ kind: 'unreachable', reason: 'ECONNRESET' });
    lose(7);
    for (let n = 0; n < 3; n++) await push([sample(n)]);
    expect(bodies.map((body) => parsePush(body).data?.dropped)).toEqual([7, 7, undefined]);
  });
});
