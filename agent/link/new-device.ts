/**
 * [F4] How a machine that has a copy of another one's data folder becomes a device of its own. What it will be is on disk
 * before the server is asked, and stays there until all files say so: an agent that is killed in the middle goes on with
 * the same new id and the same key, and the server makes one device of both tries.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Enrollment } from '#protocol/enrollment.ts';
import { readIfThere, removeFile, writeWhole } from '../data-folder/data-folder.ts';
import { replaceIdentity } from '../machine/identity.ts';
import { joinProof, replaceJoinSecret } from './membership.ts';

const newDevice = z.object({
  device_id: z.uuid(),
  join_secret: z.string().min(16),
  enrollment: z.object({
    key: z.string().min(1),
    host: z.string().min(1),
    port: z.number().int(),
    ca: z.string().nullable(),
    tls: z.boolean(),
    path: z.string().optional(),
  }),
  /** Who asked for it: the server, for an administrator, or a person at this machine with a key of their own. */
  by: z.enum(['server', 'person']),
});
export type NewDevice = z.infer<typeof newDevice>;

export interface NewDevices {
  /** What this machine is to become; undefined where it stays what it is. */
  planned(): NewDevice | undefined;
  /** Plans it. A plan with the same key stays as it is. @throws when the disk does not take it */
  plan(enrollment: Enrollment, by: NewDevice['by']): NewDevice;
  /** To be called when the membership of the new device is on disk. */
  done(device: NewDevice): void;
  /** The server does not let it. */
  drop(): void;
}

const FILE = 'new-device.json';

/** What the new device says to the server to show that it repeats its own registration. */
export const proofFor = ({ join_secret, enrollment }: NewDevice): string =>
  joinProof(join_secret, enrollment.key);

/** Opens the plan in this data folder. */
export function openNewDevices(folder: string): NewDevices {
  const path = join(folder, FILE);
  let planned = read();

  function read(): NewDevice | undefined {
    const text = readIfThere(path);
    if (text === undefined) return undefined;
    try {
      return newDevice.parse(JSON.parse(text));
    } catch {
      // A damaged plan is none: the machine is what it was, and is noticed again.
      return undefined;
    }
  }

  function drop(): void {
    removeFile(path);
    planned = undefined;
  }

  function done({ device_id, join_secret }: NewDevice): void {
    replaceIdentity(folder, device_id);
    replaceJoinSecret(folder, join_secret);
    drop();
  }

  return {
    planned: () => planned,
    plan(enrollment, by) {
      const { key, host, port, ca, tls, path: below } = enrollment;
      if (planned?.enrollment.key === key) return planned;
      const fresh = {
        device_id: randomUUID(),
        join_secret: randomBytes(32).toString('base64url'),
        enrollment: { key, host, port, ca, tls, path: below },
        by,
      };
      writeWhole(path, `${JSON.stringify(fresh, undefined, 2)}\n`);
      planned = fresh;
      return fresh;
    },
    done,
    drop,
  };
}
