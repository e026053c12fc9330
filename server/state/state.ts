/** Opens and closes all collections of the server. */
import { join } from 'node:path';
import type { z } from 'zod';
import type { Log } from '../types.ts';
import { openCollection, type OpenCollection } from './lowdb-collection.ts';
import {
  alertRecord,
  alertRuleRecord,
  auditRecord,
  deviceRecord,
  enrollmentKeyRecord,
  removedDeviceRecord,
  sessionRecord,
  userRecord,
} from './records.ts';

export interface StateParts {
  readonly dir: string;
  readonly log: Log;
  /** Called with a sentence for the administrator when a damaged file was replaced. */
  readonly notice: (text: string) => void;
}

/** Rejects when a file and its copy are both damaged; the message says what to do. */
export async function openState({ dir, log, notice }: StateParts) {
  const open = <T extends { readonly id: string }>(
    name: string,
    schema: z.ZodType<T>,
  ): Promise<OpenCollection<T>> => openCollection({ path: join(dir, `${name}.json`), schema, log, notice });
  const [users, sessions, devices, removed, keys, rules, alerts, audit, auditOthers] = await Promise.all([
    open('users', userRecord),
    open('sessions', sessionRecord),
    open('devices', deviceRecord),
    open('removed-devices', removedDeviceRecord),
    open('enrollment-keys', enrollmentKeyRecord),
    open('alert-rules', alertRuleRecord),
    open('alerts', alertRecord),
    open('audit', auditRecord),
    open('audit-others', auditRecord),
  ]);
  const all = [users, sessions, devices, removed, keys, rules, alerts, audit, auditOthers];
  return {
    users,
    sessions,
    devices,
    removed,
    keys,
    rules,
    alerts,
    /** Administrators' entries. */
    audit,
    /** Entries of all other kinds of actors. */
    auditOthers,
    /** Resolves when all changes are on disk; rejects when they cannot be written. */
    async close(): Promise<void> {
      await Promise.all(all.map((collection) => collection.close()));
    },
  };
}

export type State = Awaited<ReturnType<typeof openState>>;
