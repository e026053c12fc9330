import { describe, expect, it } from 'vitest';
import type { Machine } from '#protocol/machine-scope.ts';
import type { ProbeReport } from '#protocol/probe-reports.ts';
import { PLACES_SHOWN, probe as probeSchema, type Probe } from '#protocol/probes.ts';
import { createPlaces, type PlacesParts } from '../../server/probes/places.ts';

const NOW = 1_700_000_000_000;

const machine = (name: string, tags: string[] = []): Machine => ({ id: `id of ${name}`, name, tags });

const probe = (id: string, patch: Partial<Probe> = {}): Probe =>
  probeSchema.parse({
    ...{ id, name: id, kind: 'tcp', target: 'example.org:443', on: true },
    ...{ scope: { devices: [], tags: [], name: '' }, created_at: 0, created_by: 'admin' },
    ...patch,
  });

const report = (id: string, patch: Partial<ProbeReport> = {}): ProbeReport => ({
  ...{ id, name: id, state: 'up', since: 5, reason: '', remedy: '', asked_at: 0 },
  ...patch,
});

function places({
  machines,
  reports = () => [],
  ...rest
}: Partial<Omit<PlacesParts, 'machines'>> & { machines: readonly Machine[] }) {
  return createPlaces({
    machines: () => machines,
    reports,
    fleetOf: () => ({ status: 'online', newest: undefined }),
    leftOutOf: () => new Set(),
    askedAt: () => 0,
    now: () => NOW,
    ...rest,
  });
}

describe('from where a probe is tried', () => {
  it('those in trouble come first, and within a state the machines by their names', () => {
    const down = new Set(['web-2', 'app-9']);
    const found = places({
      machines: ['web-2', 'web-1', 'app-9', 'app-1'].map((name) => machine(name)),
      reports: (id) => [report('shop', { state: down.has(id.replace('id of ', '')) ? 'down' : 'up' })],
    }).of(probe('shop'));
    expect(found.places.map(({ name }) => name)).toEqual(['app-9', 'web-2', 'app-1', 'web-1']);
  });

  it('all machines are counted, and no more than a page shows are listed: no trouble is cut off', () => {
    const machines = Array.from({ length: 3 * PLACES_SHOWN }, (_, i) => machine(`m-${100 + i}`));
    const last = machines.at(-1)?.id;
    const found = places({
      machines,
      reports: (id) => [report('shop', { state: id === last ? 'failing' : 'up' })],
    }).of(probe('shop'));
    expect(found.counts).toMatchObject({ up: 3 * PLACES_SHOWN - 1, failing: 1 });
    expect(found.places).toHaveLength(PLACES_SHOWN);
    expect(found.places[0]).toMatchObject({ device_id: last, state: 'failing' });
  });

  it('each probe has the machines of its own scope, and one that is off has none', () => {
    const { ofAll } = places({ machines: [machine('web-1', ['web']), machine('db-1')] });
    const scope = { devices: [], tags: ['web'], name: '' };
    const found = ofAll([probe('all'), probe('web', { scope }), probe('off', { on: false })]);
    expect(found.map((one) => one.places.map(({ name }) => name))).toEqual([
      ['db-1', 'web-1'],
      ['web-1'],
      [],
    ]);
  });

  it('with fifty probes each machine is looked at once', () => {
    const asked: string[] = [];
    places({
      machines: [machine('a'), machine('b')],
      reports: (id) => {
        asked.push(id);
        return [];
      },
    }).ofAll(Array.from({ length: 50 }, (_, i) => probe(`probe ${i}`)));
    expect(asked).toEqual(['id of a', 'id of b']);
  });

  it('a probe without a report waits, or is left out where the machine has too many, or its machine is away', () => {
    const found = places({
      machines: [machine('away'), machine('full'), machine('new')],
      fleetOf: (id) => ({ status: id === 'id of away' ? 'offline' : 'online', newest: undefined }),
      leftOutOf: ({ name }) => new Set(name === 'full' ? ['shop'] : []),
    }).of(probe('shop'));
    expect(found.places.map(({ name, state }) => [name, state])).toEqual([
      ['full', 'left_out'],
      ['new', 'waits'],
      ['away', 'offline'],
    ]);
  });

  it.each([
    { when: 'no machine has answered', answeredAt: 0, agoMs: 10, isAsked: true },
    { when: 'every machine has answered', answeredAt: NOW - 10, agoMs: 10, isAsked: false },
    { when: 'a minute has passed', answeredAt: 0, agoMs: 60_000, isAsked: false },
  ])(
    'whether an order to try at once is waited for once $when: $isAsked',
    ({ answeredAt, agoMs, isAsked }) => {
      const found = places({
        machines: [machine('a')],
        reports: () => [report('shop', { asked_at: answeredAt })],
        askedAt: () => NOW - agoMs,
      }).of(probe('shop'));
      expect(found.is_asked).toBe(isAsked);
    },
  );

  it('machines that no probe is for are not looked at', () => {
    const asked: string[] = [];
    const { ofAll } = places({
      machines: [machine('web-1', ['web']), machine('db-1')],
      reports: (id) => {
        asked.push(id);
        return [];
      },
    });
    ofAll([]);
    ofAll([probe('web', { scope: { devices: [], tags: ['web'], name: '' } }), probe('off', { on: false })]);
    expect(asked).toEqual(['id of web-1']);
  });
});
