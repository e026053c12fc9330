import { describe, expect, it } from 'vitest';
import { device, deviceDetail } from '#protocol/api.ts';
import type { FleetEntry } from '../../server/fleet/fleet.ts';
import { createViews } from '../../server/fleet/views.ts';
import { emptyRecent } from '../../server/fleet/recent-ring.ts';
import type { DeviceRecord } from '../../server/state/records.ts';

const record: DeviceRecord = {
  id: 'd1',
  name: null,
  hostname: 'web-1',
  ip: '10.0.0.7',
  os: 'Debian 13',
  tags: ['web'],
  inventory: { cpu_cores: 4 },
  registered_at: 1,
  enrolled_with: 'k1',
  token_hash: 'x',
  token_issued_at: 2,
  token_revoked_at: null,
  interval_s: 5,
  last_seen: 100,
  clock_skew_ms: null,
  dropped: 3,
};
const values = { cpu: 5, load1: 2, 'core:0:cpu': 9 };
const entry = {
  status: 'online' as const,
  lastSeen: 200,
  sampledAt: 199,
  intervalS: 1,
  newest: { t: 199, values },
  values,
  fleetValues: { cpu: 5 },
  ignored: null,
  conflict: null,
};

/** Views of the one device of `record`; `entry`: what the fleet knows of it. */
function viewsOf(entry: FleetEntry | undefined) {
  const devices = { all: () => [record], get: () => record };
  return createViews(devices, { get: () => entry, recent: emptyRecent }, () => null);
}

describe('device views', () => {
  it('a device in a list has no instance fields and nothing secret', () => {
    const view = device.strict().parse(viewsOf(entry).row(record));
    expect(view).toMatchObject({
      name: 'web-1',
      status: 'online',
      last_seen: 200,
      interval_s: 1,
      metrics: { cpu: 5, load1: 2 },
    });
    expect(Object.keys(view.metrics)).toEqual(['cpu', 'load1']);
  });

  it('[L6] a device of the fleet page has the values that the page shows, and no others', () => {
    const views = viewsOf(entry);
    expect(views.fleetRow(record).metrics).toEqual({ cpu: 5 });
    expect(views.fleetRows().row(record.id)?.device).toEqual(views.fleetRow(record));
  });

  it('[L6] the room of a device has no values, and how many instances it has of each kind', () => {
    const snapshot = viewsOf(entry).deviceSnapshot(record.id);
    expect(snapshot?.device.metrics).toEqual({});
    expect(snapshot?.fields).toMatchObject({ scalars: ['cpu', 'load1'], kinds: { core: 1 }, custom: 0 });
    const other = { ...entry, newest: { t: 199, values: { ...values, 'core:1:cpu': 1 } } };
    const more = viewsOf(other).deviceSnapshot(record.id);
    expect(more?.fields.kinds).toEqual({ core: 2 });
    expect(more?.fields.version).not.toBe(snapshot?.fields.version);
  });

  it('a device in detail has every field and the times of its token', () => {
    const view = deviceDetail.strict().parse(viewsOf(entry).detail({ ...record, name: 'Front' }));
    expect(view.name).toBe('Front');
    expect(view.metrics).toEqual({ cpu: 5, load1: 2, 'core:0:cpu': 9 });
    expect(view.token).toEqual({ issued_at: 2, revoked_at: null });
  });

  it('[I3] a device in a list says when its token was revoked', () => {
    expect(viewsOf(entry).row(record).token_revoked_at).toBeNull();
    expect(viewsOf(entry).row({ ...record, token_revoked_at: 7 }).token_revoked_at).toBe(7);
  });

  it('a device that never pushed is shown as offline, without values', () => {
    expect(viewsOf(undefined).row({ ...record, last_seen: null })).toMatchObject({
      status: 'offline',
      last_seen: null,
      metrics: {},
    });
  });
});
