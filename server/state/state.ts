/** Opens and closes all collections of the server. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { channelRecord } from '#protocol/notify.ts';
import { silenceRecord } from '#protocol/silences.ts';
import { errorCode } from '#protocol/errors.ts';
import { openCollection, type OpenCollection } from './lowdb-collection.ts';
import {
  alertGroupRecord,
  alertProcessesRecord,
  alertRecord,
  alertRouteRecord,
  alertRuleRecord,
  auditRecord,
  boardRecord,
  boardVersionRecord,
  declarationSetRecord,
  deviceEventRecord,
  deviceRecord,
  displayLinkRecord,
  displaySessionRecord,
  fleetViewRecord,
  enrollmentKeyRecord,
  notificationRecord,
  notifySettingsRecord,
  playlistRecord,
  probeRecord,
  pushSubscriptionRecord,
  quotaRecord,
  removalRecord,
  removedDeviceRecord,
  separationRecord,
  sessionRecord,
  upgradeSettingsRecord,
  userRecord,
} from './records.ts';

export interface StateParts {
  readonly dir: string;
  /** Called with a sentence for the administrator about damage that was found. */
  readonly notice: (text: string) => void;
  /** Called when the file of the collection `name` cannot be written, and with null when it can again. */
  readonly onProblem: (name: string, text: string | null) => void;
  /** Why nothing must be written to the folder now; undefined while it may. */
  readonly whyLost: () => string | undefined;
}

/** What a server cannot go on without: its people or agents would be refused, or its rules not judged. */
const ESSENTIAL = [
  'users',
  'devices',
  'removed-devices',
  'enrollment-keys',
  'alert-rules',
  'channels',
  'alert-routes',
];

/** The file `state.json`: which collections have had a file, so that one that is missing later is noticed. */
const known = z.object({ collections: z.array(z.string()) });

/** The names of the collections that have had a file in this folder. */
function readKnown(dir: string, notice: StateParts['notice']): readonly string[] {
  const path = join(dir, 'state.json');
  try {
    return known.parse(JSON.parse(readFileSync(path, 'utf8'))).collections;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      notice(
        `${path} is damaged and is written anew: this start did not notice it if other state files were removed.`,
      );
    // A new folder, or one without this file: there have always been users before there was a journal.
    return existsSync(join(dir, 'journal')) ? ['users'] : [];
  }
}

/** Rejects when an essential file is lost; the message says what to do. */
export async function openState({ dir, notice, onProblem, whyLost }: StateParts) {
  const had = readKnown(dir, notice);
  const names: string[] = [];
  const open = <T extends { readonly id: string }>(
    name: string,
    schema: z.ZodType<T>,
  ): Promise<OpenCollection<T>> => {
    names.push(name);
    return openCollection({
      path: join(dir, `${name}.json`),
      schema,
      isExpected: had.includes(name),
      notice,
      onProblem: (text) => onProblem(name, text),
      onLost(problem) {
        if (ESSENTIAL.includes(name))
          throw new Error(
            `${problem}. Restore it from a backup; to start without its records, put a file that holds [] in its place.`,
          );
        notice(`${problem}; its records are lost.`);
      },
      whyLost,
    });
  };
  const collections = {
    users: await open('users', userRecord),
    sessions: await open('sessions', sessionRecord),
    devices: await open('devices', deviceRecord),
    declarations: await open('field-declarations', declarationSetRecord),
    deviceEvents: await open('device-events', deviceEventRecord),
    removed: await open('removed-devices', removedDeviceRecord),
    keys: await open('enrollment-keys', enrollmentKeyRecord),
    separations: await open('separations', separationRecord),
    /** Devices whose samples the history is to delete. */
    removals: await open('history-removals', removalRecord),
    rules: await open('alert-rules', alertRuleRecord),
    alerts: await open('alerts', alertRecord),
    /** Apart from the alerts, which are written with every change of one. */
    alertProcesses: await open('alert-processes', alertProcessesRecord),
    silences: await open('silences', silenceRecord),
    quotas: await open('quotas', quotaRecord),
    channels: await open('channels', channelRecord),
    alertRoutes: await open('alert-routes', alertRouteRecord),
    alertGroups: await open('alert-groups', alertGroupRecord),
    notifications: await open('notifications', notificationRecord),
    notifySettings: await open('notify-settings', notifySettingsRecord),
    upgradeSettings: await open('upgrade-settings', upgradeSettingsRecord),
    pushSubscriptions: await open('push-subscriptions', pushSubscriptionRecord),
    fleetViews: await open('fleet-views', fleetViewRecord),
    boards: await open('boards', boardRecord),
    /** Apart from the boards, so that the file that a change of a board rewrites stays small. */
    boardVersions: await open('board-versions', boardVersionRecord),
    playlists: await open('playlists', playlistRecord),
    probes: await open('probes', probeRecord),
    displayLinks: await open('display-links', displayLinkRecord),
    displaySessions: await open('display-sessions', displaySessionRecord),
    /** Administrators' entries. */
    audit: await open('audit', auditRecord),
    /** Entries of all other kinds of actors. */
    auditOthers: await open('audit-others', auditRecord),
  };
  if (names.some((name) => !had.includes(name)))
    await writeFileAtomic(join(dir, 'state.json'), JSON.stringify({ collections: names }), { mode: 0o600 });
  return {
    ...collections,
    /** Resolves when all changes are on disk. When a file cannot be written, rejects once all the others are. */
    async close(): Promise<void> {
      const all = Object.values(collections);
      const closed = await Promise.allSettled(all.map((collection) => collection.close()));
      const failed = closed.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

export type State = Awaited<ReturnType<typeof openState>>;
