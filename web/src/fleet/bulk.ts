/** One act on many machines, in requests that the server answers in time; and what became of it. */
import { MOST_IN_BULK, type DevicesBulk, type DevicesBulkReply } from '#protocol/api.ts';
import type { Machine } from '#protocol/machine-scope.ts';
import { wordsOf } from './search.ts';

export type BulkResult = DevicesBulkReply['results'][number];
type Act =
  | { readonly remove: true }
  | { readonly add_tags: readonly string[]; readonly remove_tags: readonly string[] };

/** The history of a machine takes a while to delete, so fewer are removed with one request. */
const REMOVED_PER_REQUEST = 100;

/**
 * Does it for all machines; `send` is the request, `progress` is called with how many are through. Where a request
 * fails, the machines of it and of those that would follow are answered with its error, and nothing is tried again.
 */
export async function inBulk(
  ids: readonly string[],
  act: Act,
  {
    send,
    progress,
    messageOf,
  }: {
    readonly send: (asked: DevicesBulk) => Promise<readonly BulkResult[]>;
    readonly progress: (done: number) => void;
    readonly messageOf: (error: unknown) => string;
  },
): Promise<BulkResult[]> {
  const size = 'remove' in act ? REMOVED_PER_REQUEST : MOST_IN_BULK;
  const results: BulkResult[] = [];
  for (let i = 0; i < ids.length; i += size) {
    const part = ids.slice(i, i + size);
    const asked =
      'remove' in act
        ? { ids: part, remove: act.remove }
        : { ids: part, add_tags: [...act.add_tags], remove_tags: [...act.remove_tags] };
    try {
      results.push(...(await send(asked)));
    } catch (error) {
      const reason = { code: 'failed', message: messageOf(error) };
      return [...results, ...ids.slice(i).map((device_id) => ({ device_id, error: reason }))];
    }
    progress(results.length);
  }
  return results;
}

/** What failed, by its reason: how many machines each stands for, and some of their names. */
export function failuresOf(
  results: readonly BulkResult[],
  nameOf: (id: string) => string,
): { readonly message: string; readonly names: readonly string[] }[] {
  const found = new Map<string, string[]>();
  for (const { device_id, error } of results) {
    if (error === null) continue;
    found.set(error.message, [...(found.get(error.message) ?? []), nameOf(device_id)]);
  }
  return [...found].map(([message, names]) => ({ message, names }));
}

/** A silence names at most so many machines. */
const MOST_NAMED = 1000;

/**
 * The scope of a silence for the selected machines: by the tag where all that a search for one tag finds are selected,
 * else each by its id; undefined where those are too many.
 */
export function silenceScope(
  selected: readonly Pick<Machine, 'id'>[],
  search: string,
  found: number,
): { readonly devices?: readonly string[]; readonly tags?: readonly string[] } | undefined {
  if (selected.length <= MOST_NAMED) return { devices: selected.map(({ id }) => id) };
  const [word = '', ...more] = wordsOf(search);
  const isTag = more.length === 0 && word.startsWith('tag:') && selected.length === found;
  return isTag ? { tags: [word.slice('tag:'.length)] } : undefined;
}
