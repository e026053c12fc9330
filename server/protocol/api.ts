/** The shapes of the HTTP API's requests and replies. All times are epoch milliseconds, UTC. */
import { z } from 'zod';
import { installTexts } from './packages.ts';
import { ignored } from './ignored.ts';
import { preferences } from './preferences.ts';
import { inventory } from './sample.ts';
import { optionalText, text } from './text.ts';
import { timestamp } from './timestamp.ts';

const tag = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.:-]{0,39}$/, 'a tag is 1 to 40 of a-z, 0-9, "_", ".", ":" or "-"');
/** The most tags of one machine. */
export const MOST_TAGS = 20;
export const tags = z.array(tag).max(MOST_TAGS);

/**
 * The reply of every path to a failed request. `details` lists the wrong fields in the order they were found.
 */
export const errorReply = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
});
export type ErrorReply = z.infer<typeof errorReply>;

// --- people -----------------------------------------------------------------------------------------

export const role = z.enum(['admin', 'operator', 'viewer', 'display']);
export type Role = z.infer<typeof role>;

const username = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/,
    'a user name is 1 to 64 letters, digits, "_", ".", "@" or "-"',
  );
/** The rules for a new password; a login accepts any text, so that old passwords keep working. */
const newPassword = z.string().min(10, 'a password has at least 10 characters').max(512);

export const loginRequest = z.object({ username: optionalText(64), password: z.string().max(512) });

export const me = z.object({
  user: z.object({ username: z.string(), role }),
  /** When the session ends. */
  expires_at: z.number(),
  /** How this person wants to read; null for who never chose, and for a display. */
  preferences: preferences.nullable(),
  /** The time zone of the server, for who wants to read times as they are there. */
  time_zone: z.string(),
});
export type Me = z.infer<typeof me>;

export const passwordRequest = z.strictObject({ current: z.string().max(512), password: newPassword });

export const user = z.object({
  username: z.string(),
  role,
  created_at: z.number(),
  last_login: z.number().nullable(),
});
export type User = z.infer<typeof user>;
export const usersReply = z.object({ users: z.array(user) });
export const userCreate = z.strictObject({ username, password: newPassword, role });
export const userPatch = z.strictObject({ role: role.optional(), password: newPassword.optional() });

export const session = z.object({
  id: z.string(),
  username: z.string(),
  created_at: z.number(),
  expires_at: z.number(),
  address: z.string(),
  agent: z.string(),
  /** Whether this is the session that made the request. */
  current: z.boolean(),
});
export type Session = z.infer<typeof session>;
export const sessionsReply = z.object({ sessions: z.array(session) });

// --- devices ----------------------------------------------------------------------------------------

const deviceStatus = z.enum(['online', 'offline']);
export type DeviceStatus = z.infer<typeof deviceStatus>;

/**
 * [F4] Two agents or more push as one device, in turns, since their data folders are copies of one. Samples of all are
 * stored and shown. `POST /devices/{id}/separate` makes one of them a device of its own.
 */
export const identityConflict = z.object({
  /** When it was noticed. */
  since: z.number(),
  machines: z.array(
    z.object({
      id: z.string().describe('Tells it from the others; to be sent to /devices/{id}/separate.'),
      hostname: z.string(),
      ip: z.string(),
      machine: z.string().nullable().describe("The beginning of a hash of the machine's own id."),
      since: z.number().describe("When its first push since the server's start arrived."),
      separable: z.boolean().describe('False for a script, which cannot be told to join anew.'),
      asked_at: z.number().nullable().describe('When it was told to become a device of its own.'),
    }),
  ),
});
export type IdentityConflict = z.infer<typeof identityConflict>;
export const separateRequest = z.strictObject({
  id: z.string().min(1).max(128).describe('Of one of `conflict.machines`.'),
});

/**
 * A device as lists show it. `metrics` holds scalars only; `GET /devices/{id}` also has the instances'
 * fields, such as `core:0:cpu`.
 */
export const device = z.object({
  device_id: z.string(),
  /** The name that pages show: the one a person gave the device, else its hostname. */
  name: z.string(),
  hostname: z.string(),
  ip: z.string(),
  os: z.string(),
  tags: z.array(z.string()),
  status: deviceStatus,
  /** When the device's last accepted push arrived; null when it never pushed. */
  last_seen: z.number().nullable(),
  /** The time of the device's newest sample. */
  sampled_at: z.number().nullable(),
  /** Seconds between the device's pushes. */
  interval_s: z.number(),
  /**
   * What was added to the times of the device's newest samples, because its clock is more than 5 minutes off:
   * above 0 for a clock that is behind. Null where the clock is right.
   */
  clock_skew_ms: z.number().nullable(),
  /**
   * When the device's token was revoked, which ends its pushes until it gets a new one; null when it may
   * push.
   */
  token_revoked_at: z.number().nullable(),
  /** [A6] The maintenance that the machine is in now: what for, and until when; null where it is in none. */
  maintenance: z.object({ until: z.number(), name: z.string() }).nullable(),
  /** [F4] Absent where the device is one machine. */
  conflict: identityConflict.optional(),
  metrics: z.record(z.string(), z.number()),
});
export type Device = z.infer<typeof device>;

export const deviceDetail = device.extend({
  registered_at: z.number(),
  inventory: inventory,
  token: z.object({ issued_at: z.number(), revoked_at: z.number().nullable() }),
  /** How many samples the agent had to drop while it could not reach the server. */
  dropped: z.number(),
  /** The id of the machine that this one depends on: while that is offline, nobody is told that this one is. */
  parent: z.string().nullable(),
  /** Machines with this tag depend on this one; null: none. */
  parent_of_tag: z.string().nullable(),
  /**
   * [I7] What was left out of the device's last push with something invalid, and when that push arrived; null when
   * nothing was left out since the server's start.
   */
  ignored: ignored.extend({ at: z.number() }).nullable(),
});
export type DeviceDetail = z.infer<typeof deviceDetail>;

/**
 * [W1] The device as a display link has it: without what its probes found and may reach, without other agents that push as
 * it, and without the machine that it depends on, where that is not seen.
 */
export function deviceInSight(device: DeviceDetail, sees: (deviceId: string) => boolean): DeviceDetail {
  const { parent, conflict: _, ...shown } = device;
  const { probes: __, probes_allowed: ___, ...machine } = device.inventory;
  return { ...shown, parent: parent === null || sees(parent) ? parent : null, inventory: machine };
}

export const devicesReply = z.object({ devices: z.array(device) });
export const devicePatch = z.strictObject({
  name: text(120).nullable().optional(),
  tags: tags.optional(),
  parent: z.string().max(128).nullable().optional(),
  parent_of_tag: tag.nullable().optional(),
});
/** The most devices of one request about many. */
export const MOST_IN_BULK = 1000;
const bulkIds = z.array(z.string().min(1).max(128)).min(1).max(MOST_IN_BULK);
/** One act on many devices. */
export const devicesBulk = z.union([
  z.strictObject({ ids: bulkIds, remove: z.literal(true) }),
  z.strictObject({ ids: bulkIds, add_tags: tags.default([]), remove_tags: tags.default([]) }),
]);
export type DevicesBulk = z.input<typeof devicesBulk>;
export const devicesBulkReply = z.object({
  /** In the order of the request. Null: it was done. */
  results: z.array(
    z.object({
      device_id: z.string(),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
});
export type DevicesBulkReply = z.infer<typeof devicesBulkReply>;

export const tokenReply = z.object({ device_id: z.string(), token: z.string() });

const deviceId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'a device id is 1 to 128 letters, digits, "_", "." or "-"');

export const registerRequest = z.object({
  enrollment_key: z.string().min(1).max(200),
  hostname: text(255),
  ip: optionalText(64),
  os: optionalText(200),
  device_id: deviceId.optional(),
  join_secret: z
    .string()
    .min(16)
    .max(200)
    .describe(
      'A random text that the machine keeps. When the reply to a registration was lost, the same key and the same ' +
        'text register the device once more.',
    )
    .optional(),
  name: text(120).optional(),
  tags: tags.optional(),
  inventory: inventory.optional(),
});
export type RegisterRequest = z.infer<typeof registerRequest>;

/** What a machine asks before it joins or pushes: whether its key or, without one, its token would be accepted. */
export const deviceCheckRequest = registerRequest
  .pick({ enrollment_key: true, device_id: true, join_secret: true })
  .partial();
export const deviceCheckReply = z.object({
  device_id: z.string().describe('The device that the token is of, or that would be registered.'),
});

export const enrollmentKey = z.object({
  id: z.string(),
  name: z.string(),
  created_at: z.number(),
  created_by: z.string(),
  expires_at: z.number().nullable(),
  max_uses: z.number().nullable(),
  uses: z.number(),
  tags: z.array(z.string()),
  /** The only device that may join with the key; absent: any new one. */
  device_id: z.string().optional(),
  /** [F4] The device that the agent leaves: it must show that device's token with the key, and joins as a new device. */
  separated_from: z.string().optional(),
});
export type EnrollmentKey = z.infer<typeof enrollmentKey>;
export const enrollmentKeysReply = z.object({ enrollment_keys: z.array(enrollmentKey) });
export const enrollmentKeyCreate = z.strictObject({
  name: text(120).optional(),
  expires_at: timestamp.nullable().optional(),
  max_uses: z.number().int().min(1).max(1_000_000).nullable().optional(),
  tags: tags.optional(),
  device_id: deviceId
    .describe(
      'Makes a key for this device only, with which it may join again; used once unless max_uses says more.',
    )
    .optional(),
});
/**
 * The only reply that shows `key` and the two texts that contain it; the server stores only a hash of the
 * key.
 */
export const enrollmentKeyCreated = z.object({
  id: z.string(),
  key: z.string(),
  /** The string an agent needs to join, see enrollment.ts. */
  enrollment: z.string(),
  /** The shell command to paste on the machine that is to join: for Linux, or where there is no package for a clone. */
  command: z.string(),
  install: installTexts,
});
export type EnrollmentKeyCreated = z.infer<typeof enrollmentKeyCreated>;

// --- history ----------------------------------------------------------------------------------------

/** `[t, min, mean, max]` of one bucket; min, mean and max are null where a gap begins. */
export const point = z.tuple([
  z.number(),
  z.number().nullable(),
  z.number().nullable(),
  z.number().nullable(),
]);
export type Point = z.infer<typeof point>;
export const seriesReply = z.object({
  device_id: z.string(),
  from: z.number(),
  to: z.number(),
  step_ms: z.number(),
  series: z.record(z.string(), z.array(point)),
});
export type SeriesReply = z.infer<typeof seriesReply>;

// --- the server itself ------------------------------------------------------------------------------

export const auditEntry = z.object({
  id: z.string(),
  /** When it happened, the last time. */
  t: z.number(),
  /** How often it happened. */
  count: z.number().default(1),
  /** When it happened the first time; absent when it happened once. */
  since: z.number().optional(),
  by: z.enum(['administrator', 'user', 'display', 'device', 'stranger']).default('administrator'),
  /** A user name, the name of a display link, `agent`, `server` or `stranger`. */
  actor: z.string(),
  address: z.string(),
  action: z.string(),
  /** The user, device, key, rule or whatever else was acted on. */
  target: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntry>;
export const auditReply = z.object({ entries: z.array(auditEntry) });

/** `GET /status`: how the server itself is doing. */
export const statusReply = z.object({
  version: z.string(),
  started_at: z.number(),
  devices: z.number(),
  /** How many valid pushes were read since the start, by the form of their body. */
  pushes: z.object({ single: z.number(), batch: z.number(), columns: z.number() }),
  /**
   * SHA-256 of the authority that agents pin, as `AB:CD:…`; null when they use their system's roots or no
   * TLS.
   */
  fingerprint: z.string().nullable(),
  history: z.object({
    kind: z.enum(['embedded', 'influxdb']),
    healthy: z.boolean(),
    detail: z.string(),
    bytes: z.number().nullable(),
    cpu_ms: z.number().optional(),
    /** Bytes in the journal that are not in the history yet. */
    behind_bytes: z.number(),
  }),
  /** Sentences for the administrator, such as: a damaged state file was replaced by its last good copy. */
  notices: z.array(z.string()),
});
export type StatusReply = z.infer<typeof statusReply>;
