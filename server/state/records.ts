/**
 * The records of the state files: one schema per collection, checked when a file is read. Times are epoch
 * milliseconds.
 */
import { z } from 'zod';
import { declaration } from '#protocol/declarations.ts';
import { alert, alertRule } from '#protocol/alerts.ts';
import { auditEntry, enrollmentKey, role, session, tags } from '#protocol/api.ts';
import { board, boardVersion } from '#protocol/boards.ts';
import { eventKind } from '#protocol/events.ts';
import { fleetView } from '#protocol/fleet-views.ts';
import { alertRoute, notification, notifySettings, pushSubscription } from '#protocol/notify.ts';
import { preferences } from '#protocol/preferences.ts';
import { probe } from '#protocol/probes.ts';
import { upgradeSettings } from '#protocol/packages.ts';
import { inventory } from '#protocol/sample.ts';
import { quota } from '#protocol/traffic.ts';
import { displayLink, playlist } from '#protocol/walls.ts';

export const userRecord = z.object({
  /** The user name. */
  id: z.string(),
  role,
  password_hash: z.string(),
  created_at: z.number(),
  last_login: z.number().nullable(),
  preferences: preferences.optional(),
});
export type UserRecord = z.infer<typeof userRecord>;

export const sessionRecord = session.omit({ current: true });
export type SessionRecord = z.infer<typeof sessionRecord>;

export const deviceRecord = z.object({
  /** The device id. */
  id: z.string(),
  name: z.string().nullable(),
  hostname: z.string(),
  ip: z.string(),
  os: z.string(),
  tags,
  inventory,
  registered_at: z.number(),
  /** The id of the enrollment key that the device joined with. */
  enrolled_with: z.string(),
  /** The hash of the secret with which the machine can repeat its registration with the same key. */
  join_secret_hash: z.string().optional(),
  token_hash: z.string().nullable(),
  token_issued_at: z.number(),
  token_revoked_at: z.number().nullable(),
  interval_s: z.number(),
  /** [F2] As it was last announced; absent in a record of an older version or of a device that never pushed. */
  online: z.boolean().optional(),
  /**
   * Written when the device goes online or offline or the server stops; the fleet has the current time of an online
   * device.
   */
  last_seen: z.number().nullable(),
  clock_skew_ms: z.number().nullable(),
  dropped: z.number(),
  /** The id of the machine that this one depends on; absent and null: none. */
  parent: z.string().nullable().optional(),
  /** Machines with this tag depend on this one; absent and null: none. */
  parent_of_tag: z.string().nullable().optional(),
  /** The text that stands for what it has declared of its fields, and the id of the set of these declarations. */
  declared: z.string().optional(),
  declaration_set: z.string().optional(),
});
export type DeviceRecord = z.infer<typeof deviceRecord>;

/** [F4] A machine that is to become a device of its own. */
export const separationRecord = z.object({
  id: z.string(),
  /** Of the device that it pushes as until then. */
  device_id: z.string(),
  /** The `Origin` that the administrator named, or that of its agent's newest start. */
  origin: z.string(),
  hostname: z.string(),
  ip: z.string(),
  asked_at: z.number(),
  asked_by: z.string(),
  /** The enrollment key that it was given; null: none yet. */
  key_id: z.string().nullable(),
});
export type SeparationRecord = z.infer<typeof separationRecord>;

/** What one device, or many with the same exporters, have declared of their own fields. */
export const declarationSetRecord = z.object({
  /** Made of its content. */
  id: z.string(),
  fields: z.record(z.string(), declaration),
});
export type DeclarationSetRecord = z.infer<typeof declarationSetRecord>;

/** What happened to a device, save its alerts. */
export const deviceEventRecord = z.object({
  id: z.string(),
  device_id: z.string(),
  at: z.number(),
  kind: eventKind.exclude(['alert_raised', 'alert_resolved']),
  before: z.string(),
  now: z.string(),
});
export type DeviceEventRecord = z.infer<typeof deviceEventRecord>;

/** A removed device, which only a key made after its removal lets back in. */
export const removedDeviceRecord = z.object({
  /** The device id. */
  id: z.string(),
  removed_at: z.number(),
});
export type RemovedDeviceRecord = z.infer<typeof removedDeviceRecord>;

/** [I8] A device whose samples the history is to delete, or has deleted. */
export const removalRecord = z.object({
  /** The device id, which another device may have by now. */
  id: z.string(),
  removed_at: z.number(),
  /** Journal records below this number are of the removed device. */
  before: z.number(),
  /** Whether the history has deleted it; the record stays for as long as the journal holds samples of it. */
  deleted: z.boolean(),
});
export type RemovalRecord = z.infer<typeof removalRecord>;

export const enrollmentKeyRecord = enrollmentKey.extend({ key_hash: z.string(), tags });
export type EnrollmentKeyRecord = z.infer<typeof enrollmentKeyRecord>;

export const alertRuleRecord = alertRule;
export type AlertRuleRecord = z.infer<typeof alertRuleRecord>;

export const alertRecord = alert;
export type AlertRecord = z.infer<typeof alertRecord>;

/** The processes behind an alert: reports as `packReport` writes them. */
export const alertProcessesRecord = z.object({
  /** Of the alert. */
  id: z.string(),
  device_id: z.string(),
  fired: z.string().nullable(),
  began: z.string().nullable(),
});
export type AlertProcessesRecord = z.infer<typeof alertProcessesRecord>;

export const quotaRecord = quota;

export const auditRecord = auditEntry;
export type AuditRecord = z.infer<typeof auditRecord>;

export const alertRouteRecord = alertRoute.extend({
  /** Routes are tried in ascending order of it. */
  position: z.number(),
});
export type AlertRouteRecord = z.infer<typeof alertRouteRecord>;

export const notificationRecord = notification;
export type NotificationRecord = z.infer<typeof notificationRecord>;

/** The alerts that one route tells people of together, and what people were told of them. */
export const alertGroupRecord = z.object({
  id: z.string(),
  route_id: z.string(),
  /** What its alerts have in common: a rule's id, a machine's id, a tag; empty where that is nothing. */
  key: z.string(),
  opened_at: z.number(),
  /** How many messages were made. */
  messages: z.number(),
  /** The subject of its first message, under which mail programs gather all of them. */
  subject: z.string(),
  /**
   * Its alerts by id, and what people know of each: nothing yet (`waiting`), nothing while it is muted (`muted`), that
   * it fires and with which severity, or that it is acknowledged.
   */
  members: z.record(z.string(), z.enum(['waiting', 'muted', 'warning', 'critical', 'acknowledged'])),
  /** Not before this time does a message go out about alerts that people do not know of. */
  next_at: z.number(),
  /** Since when some of the alerts that people know of are over, and others are not; null while none is. */
  over_since: z.number().nullable(),
  /** When the message is repeated; null: never, or not yet. */
  repeat_at: z.number().nullable(),
  /** When other channels are told; null: never, or not yet, or it was done. */
  escalate_at: z.number().nullable(),
  /** Whether the channels of the escalation were told, so that they are told of the end, too. */
  escalated: z.boolean(),
});
export type AlertGroupRecord = z.infer<typeof alertGroupRecord>;

export const fleetViewRecord = fleetView.omit({ start: true }).extend({
  /** The users whose page opens with it. */
  starts: z.array(z.string()),
});
export type FleetViewRecord = z.infer<typeof fleetViewRecord>;

/** There is one, with the id `settings`. */
export const notifySettingsRecord = notifySettings.extend({ id: z.string() });

/** There is one, with the id `settings`. */
export const upgradeSettingsRecord = upgradeSettings.extend({ id: z.string() });

/** A browser in which a person wants to be notified. The id is a hash of the endpoint. */
export const pushSubscriptionRecord = pushSubscription.extend({
  id: z.string(),
  username: z.string(),
  created_at: z.number(),
});
export type PushSubscriptionRecord = z.infer<typeof pushSubscriptionRecord>;

export const boardRecord = board;

/** An earlier version of a board. Its id is that of the board and its version. */
export const boardVersionRecord = boardVersion.extend({
  id: z.string(),
  board_id: z.string(),
  /** Its size as JSON. */
  characters: z.number(),
});
export type BoardVersionRecord = z.infer<typeof boardVersionRecord>;

export const playlistRecord = playlist;

export const probeRecord = probe;

export const displayLinkRecord = displayLink
  .omit({ open: true, last_seen: true, address: true, agent: true, version: true })
  .extend({
    secret_hash: z.string(),
    /** When a screen asked, from where, and with what; as it was last saved. */
    seen: z
      .object({ at: z.number(), address: z.string(), agent: z.string(), version: z.string() })
      .nullable(),
  });
export type DisplayLinkRecord = z.infer<typeof displayLinkRecord>;

/** A browser that has exchanged the secret of a display link for a cookie. */
export const displaySessionRecord = z.object({
  id: z.string(),
  link_id: z.string(),
  created_at: z.number(),
  expires_at: z.number(),
});
export type DisplaySessionRecord = z.infer<typeof displaySessionRecord>;
