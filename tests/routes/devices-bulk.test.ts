import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditReply, deviceDetail, devicesBulkReply, devicesReply, MOST_TAGS } from '#protocol/api.ts';
import { errorOf, openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  for (const id of ['web-1', 'web-2', 'db-1', 'old-1', 'old-2', 'switch']) await stage.device(id);
});
afterAll(() => stage.close());

const bulk = async (body: object) =>
  (await stage.admin.ask('POST', '/devices/bulk', { body })).as(devicesBulkReply).results;
const tagsOf = async (id: string) => (await stage.admin.ask('GET', `/devices/${id}`)).as(deviceDetail).tags;
const codes = (results: Awaited<ReturnType<typeof bulk>>) =>
  results.map(({ device_id, error }) => [device_id, error?.code]);
const audited = async () =>
  (await stage.admin.ask('GET', '/audit'))
    .as(auditReply)
    .entries.map(({ action, target }) => [action, target]);

it('tags are added to and removed from many devices at once, and their other tags stay', async () => {
  await bulk({ ids: ['web-1'], add_tags: ['rack4', 'old'] });
  const results = await bulk({ ids: ['web-1', 'web-2'], add_tags: ['web', 'prod'], remove_tags: ['old'] });
  expect(codes(results)).toEqual([
    ['web-1', undefined],
    ['web-2', undefined],
  ]);
  expect(await tagsOf('web-1')).toEqual(['rack4', 'web', 'prod']);
  expect(await tagsOf('web-2')).toEqual(['web', 'prod']);
});

it('a device for which the act is not possible is named with the reason, and the others are changed', async () => {
  const full = Array.from({ length: MOST_TAGS }, (_, i) => `t${i}`);
  await bulk({ ids: ['db-1'], add_tags: full });
  const results = await bulk({ ids: ['db-1', 'nobody', 'web-1'], add_tags: ['new'] });
  expect(codes(results)).toEqual([
    ['db-1', 'too_many'],
    ['nobody', 'unknown_device'],
    ['web-1', undefined],
  ]);
  expect(await tagsOf('db-1')).toEqual(full);
  expect(await tagsOf('web-1')).toContain('new');
});

it('a tag that would make two machines depend on each other is refused for the machine that it would close the circle with', async () => {
  await stage.admin.ask('PATCH', '/devices/switch', { body: { parent: 'web-1', parent_of_tag: 'site' } });
  const results = await bulk({ ids: ['web-1', 'web-2'], add_tags: ['site'] });
  expect(codes(results)).toEqual([
    ['web-1', 'invalid_parent'],
    ['web-2', undefined],
  ]);
});

it('[S4] an act on many devices is one entry of the audit log, which names the devices that it changed', async () => {
  await bulk({ ids: ['web-1', 'web-2', 'nobody'], add_tags: ['seen'], remove_tags: ['rack4'] });
  expect(await audited()).toContainEqual([
    'added the tags seen; removed the tags rack4 of 2 devices',
    'web-1, web-2',
  ]);
});

it('many devices are removed at once, each with its token, and an unknown one is named', async () => {
  const results = await bulk({ ids: ['old-1', 'old-2', 'old-1', 'nobody'], remove: true });
  expect(codes(results)).toEqual([
    ['old-1', undefined],
    ['old-2', undefined],
    ['nobody', 'unknown_device'],
  ]);
  const { devices } = (await stage.admin.ask('GET', '/devices')).as(devicesReply);
  expect(devices.map(({ device_id }) => device_id)).not.toContain('old-1');
  expect(await audited()).toContainEqual(['removed 2 devices', 'old-1, old-2']);
});

it('[I4] a request about no device, about too many, or with both acts is refused as a whole', async () => {
  const many = Array.from({ length: 1001 }, (_, i) => `m${i}`);
  for (const body of [
    { ids: [], add_tags: ['a'] },
    { ids: many, add_tags: ['a'] },
    { ids: ['web-1'], add_tags: ['a'], remove: true },
    { ids: ['web-1'], add_tags: ['Not A Tag'] },
  ])
    expect(errorOf(await stage.admin.ask('POST', '/devices/bulk', { body })).code).toBe('invalid_body');
  expect(await tagsOf('web-1')).not.toContain('a');
});
