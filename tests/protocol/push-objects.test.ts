import { describe, expect, it } from 'vitest';
import { parsePush } from '#protocol/sample.ts';

const NOW = Date.UTC(2026, 0, 1);
const envelope = { device_id: 'd', hostname: 'h', ip: '' };
const push = (metrics: object, changes: object = {}) =>
  parsePush({ ...envelope, timestamp: NOW, metrics, ...changes });
/** What was left out of an accepted push, as `field: reason`. */
const ignoredIn = ({ data }: ReturnType<typeof parsePush>) =>
  data?.leftOut.summary()?.fields.map(({ field, reason }) => `${field}: ${reason}`);

describe('flat names of instances', () => {
  it('an instance field under its full name may be sent beside a scalar named like its kind', () => {
    const parsed = push({
      disk: 40,
      'disk:sda:read': 7,
      'interface:eth0:1:rx': 8,
      mount: { '/': { used: 3 } },
    });
    expect(parsed.data?.samples[0]?.values).toEqual({
      disk: 40,
      'disk:sda:read': 7,
      'interface:eth0:1:rx': 8,
      'mount:/:used': 3,
    });
  });

  it.each([
    ['disk:sda', 'a field name is'],
    [':sda:read', 'a field name is'],
    ['disk::read', 'an instance name is'],
    ['disk:sda:', 'a field name is'],
    ['disk:a\nb:read', 'an instance name is'],
    ['di sk:sda:read', 'a field name is'],
  ])('[I7] a push with nothing but the invalid field name %j is refused', (key, reason) => {
    const issue = push({ [key]: 1 }).error?.issues[0];
    expect(issue?.message).toContain(reason);
    expect(issue?.path).toEqual(['metrics', key]);
  });

  it('[I7] a push with nothing but a negative rate or a nested field with a colon is refused', () => {
    expect(push({ 'disk:sda:read': -1 }).success).toBe(false);
    const issue = push({ core: { 0: { 'x:cpu': 3 } } }).error?.issues[0];
    expect(issue?.path).toEqual(['metrics', 'core', '0', 'x:cpu']);
  });
});

describe('what is wrong in a push of objects', () => {
  const batch = (...samples: unknown[]) => parsePush({ ...envelope, samples });
  const timesIn = ({ data }: ReturnType<typeof parsePush>) => data?.samples.map(({ t }) => t);

  it('[I7] a value of the blueprint that is no number costs only itself', () => {
    const parsed = push({ cpu: '12', ram: 40 });
    expect(parsed.data?.samples[0]?.values).toEqual({ ram: 40 });
    expect(ignoredIn(parsed)).toEqual(['cpu: must be a finite number']);
  });

  it.each([
    ['has a time in words', { timestamp: 'yesterday', metrics: { cpu: 9 } }, 'samples.1.timestamp: must be'],
    ['has no time', { metrics: { cpu: 9 } }, 'samples.1.timestamp: must be'],
    ['has a list of metrics', { timestamp: NOW + 1, metrics: [1] }, 'samples.1.metrics: must be an object'],
    ['is null', null, 'samples.1: must be an object'],
    ['is a number', 7, 'samples.1: must be an object'],
  ])('[I7] a sample that %s costs only itself', (_, wrong, message) => {
    const good = (t: number) => ({ timestamp: t, metrics: { cpu: 1 } });
    const parsed = batch(good(NOW), wrong, good(NOW + 2));
    expect(timesIn(parsed)).toEqual([NOW, NOW + 2]);
    expect(parsed.data?.places).toEqual([0, 2]);
    expect(ignoredIn(parsed)?.[0]?.slice(0, message.length)).toBe(message);
  });

  it('[I7] a number that is wrong in several samples is named once', () => {
    const parsed = batch(
      { timestamp: NOW, metrics: { cpu: -1, ram: 1 } },
      { timestamp: NOW + 1, metrics: { cpu: -1, ram: 2 } },
    );
    expect(parsed.data?.samples.map(({ values }) => values)).toEqual([{ ram: 1 }, { ram: 2 }]);
    expect(parsed.data?.leftOut.summary()).toEqual({
      count: 1,
      samples: 0,
      fields: [{ field: 'cpu', reason: 'must not be negative' }],
    });
  });

  it('[I7] a push in which nothing is valid is refused, and the error names the first wrong field', () => {
    const error = batch({ timestamp: NOW, metrics: { cpu: -1 } }, { metrics: { cpu: 1 } }).error;
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'samples.0.metrics.cpu',
      'samples.1.timestamp',
    ]);
  });

  it.each([
    ['an inventory entry', { inventory: { arch: 'x64', cpu_cores: -1 } }, 'inventory.cpu_cores'],
    ['an inventory that is no object', { inventory: 'x64' }, 'inventory'],
    ['a long inventory entry', { inventory: { arch: 'x64', kernel: 'k'.repeat(121) } }, 'inventory.kernel'],
    ['a number of dropped samples', { dropped: -3 }, 'dropped'],
    ['a long hostname', { hostname: 'h'.repeat(256) }, 'hostname'],
    ['a long address', { ip: '1'.repeat(65) }, 'ip'],
  ])('[I7] %s that is wrong costs only itself', (_, changes, field) => {
    const { data } = push({ cpu: 1 }, changes);
    expect(data?.samples[0]?.values).toEqual({ cpu: 1 });
    expect(data?.leftOut.summary()?.fields.map((part) => part.field)).toEqual([field]);
    expect([undefined, {}, { arch: 'x64' }]).toContainEqual(data?.inventory);
    expect(data?.hostname.length).toBeLessThanOrEqual(255);
    expect(data?.ip.length).toBeLessThanOrEqual(64);
  });

  it('[S6] a hostname with half a character is made well-formed', () => {
    expect(push({ cpu: 1 }, { hostname: 'web\ud83d-1' }).data?.hostname).toBe('web\ufffd-1');
  });
});
