/** `/devices/bulk`: one act on many devices. Each device is changed as a whole or not at all, and the reply says which. */
import { devicesBulk, devicesBulkReply, MOST_TAGS, type DevicesBulkReply } from '#protocol/api.ts';
import { ApiError } from '#protocol/errors.ts';
import { dependencyProblem } from '../alerts/dependencies.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';

export interface DevicesBulkParts {
  readonly devices: Collection<DeviceRecord>;
  readonly audit: Audit;
  /** Called after these devices' records changed. */
  readonly changed: (deviceIds: readonly string[]) => void;
  /** Removes a device from every part, with its history. */
  readonly remove: (deviceId: string) => Promise<void>;
}

type Result = DevicesBulkReply['results'][number];

/** So many devices are removed at once: their records go with few writes, and pushes are answered meanwhile. */
const REMOVED_AT_ONCE = 20;
/** So many names stand in the audit log's entry. */
const NAMES_RECORDED = 50;

const resultOf = (device_id: string, error: ApiError | null): Result => ({
  device_id,
  error: error && { code: error.code, message: error.message },
});

/** `web-1, web-2 and 48 more` */
function namesOf(records: readonly DeviceRecord[]): string {
  const names = records.slice(0, NAMES_RECORDED).map(({ name, hostname }) => name ?? hostname);
  const more = records.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** `added the tags prod, db; removed the tags old of 3 devices` */
function tagWords(add: readonly string[], remove: readonly string[], count: number): string {
  const added = add.length === 0 ? [] : [`added the tags ${add.join(', ')}`];
  const removed = remove.length === 0 ? [] : [`removed the tags ${remove.join(', ')}`];
  return `${[...added, ...removed].join('; ')} of ${count} devices`;
}

/** The records with their tags changed, and what is wrong with the others. Nothing is stored yet. */
function retagged(
  ids: readonly string[],
  {
    add_tags,
    remove_tags,
  }: { readonly add_tags: readonly string[]; readonly remove_tags: readonly string[] },
  devices: Collection<DeviceRecord>,
): { readonly next: DeviceRecord[]; readonly results: Result[] } {
  const next = new Map<string, DeviceRecord>();
  const family = {
    all: () => devices.all().map((record) => next.get(record.id) ?? record),
    get: (id: string) => next.get(id) ?? devices.get(id),
  };
  // Only a tag on which a parent goes by can close a circle, and looking for one takes a while.
  const parentTags = new Set(devices.all().map(({ parent_of_tag }) => parent_of_tag));
  const closesCircles = add_tags.some((tag) => parentTags.has(tag));

  function problemWith(record: DeviceRecord): ApiError | null {
    if (record.tags.length > MOST_TAGS)
      return new ApiError('too_many', { message: `A machine has at most ${MOST_TAGS} tags.` });
    const circle = closesCircles ? dependencyProblem(record, family) : undefined;
    return circle === undefined ? null : new ApiError('invalid_parent', { message: circle });
  }

  const results = ids.map((id) => {
    const record = devices.get(id);
    if (record === undefined) return resultOf(id, new ApiError('unknown_device'));
    const kept = record.tags.filter((tag) => !remove_tags.includes(tag));
    const changed = { ...record, tags: [...new Set([...kept, ...add_tags])] };
    const problem = problemWith(changed);
    if (problem === null) next.set(id, changed);
    return resultOf(id, problem);
  });
  return { next: [...next.values()], results };
}

export function devicesBulkRoutes({ devices, audit, changed, remove }: DevicesBulkParts): Route[] {
  async function removeOne(id: string): Promise<Result> {
    if (devices.get(id) === undefined) return resultOf(id, new ApiError('unknown_device'));
    try {
      await remove(id);
      return resultOf(id, null);
    } catch (error) {
      // The device itself may be gone, and only its history waits for its removal.
      if (devices.get(id) === undefined) return resultOf(id, null);
      return resultOf(id, error instanceof ApiError ? error : new ApiError('internal'));
    }
  }

  async function removeAll(ids: readonly string[]): Promise<Result[]> {
    const results: Result[] = [];
    for (let i = 0; i < ids.length; i += REMOVED_AT_ONCE)
      results.push(...(await Promise.all(ids.slice(i, i + REMOVED_AT_ONCE).map(removeOne))));
    return results;
  }

  return [
    routeWithBody({
      method: 'POST',
      path: '/devices/bulk',
      access: 'admin',
      summary:
        'Add and remove tags of many devices, or remove the devices with their history. The reply says for each ' +
        'device whether it was done.',
      body: devicesBulk,
      reply: devicesBulkReply,
      async handle({ request, person, body }) {
        const ids = [...new Set(body.ids)];
        const known = ids.flatMap((id) => devices.get(id) ?? []);
        const act = (action: string, done: readonly Result[]) => {
          const well = new Set(done.filter(({ error }) => error === null).map(({ device_id }) => device_id));
          const target = namesOf(known.filter(({ id }) => well.has(id)));
          if (well.size > 0) audit.record({ ...actorOf(person, request), action, target });
        };
        const doneIn = (results: readonly Result[]) => results.filter(({ error }) => error === null).length;

        if ('remove' in body) {
          const results = await removeAll(ids);
          act(`removed ${doneIn(results)} devices`, results);
          return { results };
        }
        const { next, results } = retagged(ids, body, devices);
        await devices.putAll(next);
        if (next.length > 0) changed(next.map(({ id }) => id));
        act(tagWords(body.add_tags, body.remove_tags, next.length), results);
        return { results };
      },
    }),
  ];
}
