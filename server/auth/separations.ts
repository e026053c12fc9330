/**
 * [F4] Of several machines that push as one device, an administrator makes one a device of its own. Nobody carries a key to
 * it: the reply to its next push brings one.
 *
 * The reply goes to whoever holds the device's token and the run id of the agent that the administrator named, which no
 * copy of the disk has. An agent that starts anew in between says whose place it takes. The key joins one new device and
 * nothing else, only together with the old token (`joining.ts`), and for a day, so that an agent that is killed in the
 * middle finds it good. An agent that has the key is given the same again, or after a restart of the server a new one in
 * its place: in the end there is one device more, never two.
 */
import { randomUUID } from 'node:crypto';
import type { Collection } from '../state/collection.ts';
import type { EnrollmentKeyRecord, SeparationRecord } from '../state/records.ts';
import type { EnrollmentKeys } from './enrollment-keys.ts';

/** How long an agent may take to come for its key, and to join with it, milliseconds. */
const VALID_MS = 86_400_000;

export interface SeparationsParts {
  readonly separations: Collection<SeparationRecord>;
  readonly keys: Collection<EnrollmentKeyRecord>;
  readonly enrollment: Pick<EnrollmentKeys, 'create'>;
  /** The name and the tags of a device; the new one gets the tags. */
  readonly deviceOf: (deviceId: string) => { readonly name: string; readonly tags: readonly string[] };
  readonly now: () => number;
}

/** The agent that an administrator names. */
export type Named = Pick<SeparationRecord, 'device_id' | 'origin' | 'hostname' | 'ip'>;

export interface Separations {
  /** Resolves once it is on disk that this agent is to become a device of its own. */
  ask(agent: Named, by: string): Promise<void>;
  /** Whether an agent of this device is to become one of its own. */
  isAsked(deviceId: string): boolean;
  /** When this agent was told to; null: it was not. */
  askedAt(deviceId: string, origin: string): number | null;
  /** The key for an agent that pushes as the device; undefined where it stays. */
  keyFor(
    agent: Pick<Named, 'device_id' | 'origin'>,
    follows: string | undefined,
  ): Promise<string | undefined>;
  /** A device joined with this key. Returns the separation that this completes. */
  joinedWith(keyId: string): SeparationRecord | undefined;
  forget(deviceId: string): void;
}

export function createSeparations(parts: SeparationsParts): Separations {
  const { separations, keys, enrollment, deviceOf, now } = parts;
  /** By separation: the key that was made for it in this run of the server. */
  const made = new Map<string, Promise<string | undefined>>();

  const isOver = ({ asked_at }: SeparationRecord) => now() - asked_at > VALID_MS;
  const of = (deviceId: string) =>
    separations.all().filter((one) => one.device_id === deviceId && !isOver(one));

  function end({ id }: SeparationRecord): void {
    made.delete(id);
    separations.drop(id);
  }

  /** Makes a key in the place of one that was not used. Resolves with undefined where it was. */
  async function makeKey(separation: SeparationRecord): Promise<string | undefined> {
    const before = separation.key_id === null ? undefined : keys.get(separation.key_id);
    if (before !== undefined && before.uses > 0) {
      end(separation);
      return undefined;
    }
    if (before !== undefined) await keys.remove(before.id);
    const { name, tags } = deviceOf(separation.device_id);
    const { record, secret } = await enrollment.create({
      name: `${separation.hostname}, separated from ${name}`.slice(0, 120),
      created_by: separation.asked_by,
      expires_at: now() + VALID_MS,
      max_uses: 1,
      tags: [...tags],
      device_id: undefined,
      separated_from: separation.device_id,
    });
    await separations.put({ ...(separations.get(separation.id) ?? separation), key_id: record.id });
    return secret;
  }

  function keyOf(separation: SeparationRecord): Promise<string | undefined> {
    const known = made.get(separation.id);
    if (known !== undefined) return known;
    const making = makeKey(separation);
    made.set(separation.id, making);
    making.catch(() => made.delete(separation.id));
    return making;
  }

  return {
    async ask({ device_id, origin, hostname, ip }, by) {
      for (const one of separations.all()) if (isOver(one)) end(one);
      if (of(device_id).some((one) => one.origin === origin)) return;
      const asked = { id: randomUUID(), asked_at: now(), asked_by: by, key_id: null };
      await separations.put({ ...asked, device_id, origin, hostname, ip });
    },
    isAsked: (deviceId) => separations.all().length > 0 && of(deviceId).length > 0,
    askedAt: (deviceId, origin) => of(deviceId).find((one) => one.origin === origin)?.asked_at ?? null,
    async keyFor({ device_id, origin }, follows) {
      const asked = of(device_id);
      const own = asked.find((one) => one.origin === origin);
      if (own !== undefined) return keyOf(own);
      const before = asked.find((one) => one.origin === follows);
      if (before === undefined) return undefined;
      await separations.put({ ...before, origin });
      return keyOf({ ...before, origin });
    },
    joinedWith(keyId) {
      const done = separations.all().find(({ key_id }) => key_id === keyId);
      if (done !== undefined) end(done);
      return done;
    },
    forget(deviceId) {
      for (const one of separations.all()) if (one.device_id === deviceId) end(one);
    },
  };
}
