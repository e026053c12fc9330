import { describe, expect, it } from 'vitest';
import { device, deviceDetail } from '#protocol/api.ts';
import { deviceDetailView, deviceView } from '../../server/fleet/view.ts';
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
const entry = {
  status: 'online' as const,
  lastSeen: 200,
  sampledAt: 199,
  intervalS: 1,
  values: { cpu: 5, 'core:0:cpu': 9 },
};

describe('a device as shown', () => {
  it('in a list has scalars only, and nothing secret', () => {
    const view = device.strict().parse(deviceView(record, entry));
    expect(view).toMatchObject({
      name: 'web-1',
      status: 'online',
      last_seen: 200,
      interval_s: 1,
      metrics: { cpu: 5 },
    });
    expect(Object.keys(view.metrics)).toEqual(['cpu']);
  });

  it('in detail has every field and its token times', () => {
    const view = deviceDetail.strict().parse(deviceDetailView({ ...record, name: 'Front' }, entry));
    expect(view.name).toBe('Front');
    expect(view.metrics).toEqual({ cpu: 5, 'core:0:cpu': 9 });
    expect(view.token).toEqual({ issued_at: 2, revoked_at: null });
  });

  it('[I3] tells when its token was revoked', () => {
    expect(deviceView(record, entry).token_revoked_at).toBeNull();
    expect(deviceView({ ...record, token_revoked_at: 7 }, entry).token_revoked_at).toBe(7);
  });

  it('that never pushed is offline with no numbers', () => {
    expect(deviceView({ ...record, last_seen: null }, undefined)).toMatchObject({
      status: 'offline',
      last_seen: null,
      metrics: {},
    });
  });
});
