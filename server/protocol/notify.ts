/**
 * The shapes of what carries alerts to people: channels (an address on one service), alert routes (which alerts go to
 * which channels, and when) and notifications (one message to one channel). All times are epoch milliseconds, UTC.
 */
import { z } from 'zod';
import { alert, severity } from './alerts.ts';
import { tags } from './api.ts';
import { optionalText, text, timeZone } from './text.ts';

// --- channels ---------------------------------------------------------------------------------------

/** One input of a channel's form. */
export const channelField = z.object({
  name: z.string(),
  label: z.string(),
  type: z.enum(['text', 'number', 'switch', 'choice', 'lines']),
  required: z.boolean(),
  /** The server never shows the value again. An empty input keeps what is stored. */
  secret: z.boolean(),
  hint: z.string(),
  placeholder: z.string(),
  /** For `choice`. */
  choices: z.array(z.string()),
  /** What the field has where nothing is entered; null for nothing. */
  default: z.union([z.string(), z.number(), z.boolean()]).nullable(),
});
export type ChannelField = z.infer<typeof channelField>;

export const channelKindInfo = z.object({
  kind: z.string(),
  /** As people call the service. */
  name: z.string(),
  /** Where on the far side the settings are found, in one or two sentences. */
  about: z.string(),
  fields: z.array(channelField),
});
export type ChannelKindInfo = z.infer<typeof channelKindInfo>;
export const channelKindsReply = z.object({ channel_kinds: z.array(channelKindInfo) });

const settings = z.record(z.string().max(60), z.unknown());

/** Liquid templates that replace the built-in title and text; null: the built-in ones. */
const template = z.strictObject({
  title: optionalText(1000).nullable().default(null),
  body: z.string().max(8000).nullable().default(null),
});
export type Template = z.infer<typeof template>;

export const channelRecord = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  settings,
  /** Whether its requests may go to loopback and private networks. Link-local addresses are always refused. */
  private_network: z.boolean(),
  template,
  created_at: z.number(),
});
export type ChannelRecord = z.infer<typeof channelRecord>;

/** Whether a channel works, as its newest deliveries show. */
export const channelHealth = z.object({
  state: z.enum(['unused', 'ok', 'failing']),
  /** Since when no delivery worked; null where the newest one did. */
  failing_since: z.number().nullable(),
  /** What is wrong and what to do; null where nothing is. */
  problem: z.string().nullable(),
  last_sent_at: z.number().nullable(),
  /** Notifications that wait to be sent. */
  waiting: z.number(),
  /** What is wrong with the channel's template, so that the built-in text is sent; null where nothing is. */
  template_problem: z.string().nullable(),
});
export type ChannelHealth = z.infer<typeof channelHealth>;

/** A channel as the API shows it: `settings` without secrets, whose names are in `secrets` where they are set. */
export const channel = channelRecord.extend({ secrets: z.array(z.string()), health: channelHealth });
export type Channel = z.infer<typeof channel>;
export const channelsReply = z.object({ channels: z.array(channel) });
export const channelCreate = z.strictObject({
  name: text(120),
  kind: text(40),
  enabled: z.boolean().default(true),
  settings: settings.default({}),
  private_network: z.boolean().default(false),
  template: template.default({ title: null, body: null }),
});
/** Replaces the properties that are present. Of `settings`, those that are left out or null keep their value. */
export const channelPatch = z.strictObject({
  name: text(120).optional(),
  enabled: z.boolean().optional(),
  settings: settings.optional(),
  private_network: z.boolean().optional(),
  template: template.optional(),
});

// --- alert routes -----------------------------------------------------------------------------------

/** A time of day, such as `22:30`. */
export const clockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day is HH:MM, from 00:00 to 23:59');

/** Hours of the week. Where `to` is not after `from`, they end on the next day. */
export const weekHours = z.strictObject({
  /** 1 for Monday to 7 for Sunday: the days on which the hours begin. */
  days: z.array(z.number().int().min(1).max(7)).min(1).max(7),
  from: clockTime,
  to: clockTime,
  time_zone: timeZone,
});
export type WeekHours = z.infer<typeof weekHours>;

/** Which alerts a route takes; an empty list or text takes all. */
export const routeMatch = z.strictObject({
  severities: z.array(severity).max(2).default([]),
  /** One of these. */
  tags: tags.default([]),
  /** A machine's name, with `*` for any characters. */
  name: optionalText(200).default(''),
  /** Rule ids. */
  rules: z.array(z.string().max(128)).max(200).default([]),
  /** When the alert was raised; null: at any time. */
  hours: weekHours.nullable().default(null),
});
export type RouteMatch = z.infer<typeof routeMatch>;

const channelIds = z.array(z.string().max(128)).max(20);
const waitS = z.number().int().min(0).max(86_400);
const MATCHES_ALL: RouteMatch = { severities: [], tags: [], name: '', rules: [], hours: null };

export const alertRoute = z.strictObject({
  id: z.string(),
  name: text(120),
  enabled: z.boolean().default(true),
  match: routeMatch.default(MATCHES_ALL),
  channels: channelIds,
  /** Alerts that become one message. `tag`: by the machine's tag that begins with `group_tag`. */
  group_by: z.enum(['all', 'rule', 'machine', 'tag']).default('rule'),
  group_tag: z.string().max(40).default(''),
  /** Seconds from a group's first alert to its first message, so that the message lists all that fails at once. */
  wait_s: waitS.default(10),
  /** Seconds from one message of a group to the next about new alerts. */
  update_s: waitS.default(60),
  /** Seconds after which a message is repeated while one of its alerts is not acknowledged; null: never. */
  repeat_s: waitS.min(60).nullable().default(null),
  /** Other channels that are told where nobody has acknowledged within `after_s` seconds. */
  escalate: z
    .strictObject({ after_s: waitS, channels: channelIds.min(1) })
    .nullable()
    .default(null),
  /** Warnings are gathered for so many seconds and sent as one message; null: they go at once. */
  digest_s: waitS.min(60).nullable().default(null),
  send_resolved: z.boolean().default(true),
  send_acknowledged: z.boolean().default(true),
  /** Whether the routes after this one are tried too. */
  goes_on: z.boolean().default(false),
});
export type AlertRoute = z.infer<typeof alertRoute>;
export const alertRoutesReply = z.object({ alert_routes: z.array(alertRoute) });
export const alertRouteCreate = alertRoute.omit({ id: true });
export const alertRoutePatch = z.strictObject({
  name: text(120).optional(),
  enabled: z.boolean().optional(),
  match: routeMatch.optional(),
  channels: channelIds.optional(),
  group_by: z.enum(['all', 'rule', 'machine', 'tag']).optional(),
  group_tag: z.string().max(40).optional(),
  wait_s: waitS.optional(),
  update_s: waitS.optional(),
  repeat_s: waitS.min(60).nullable().optional(),
  escalate: z
    .strictObject({ after_s: waitS, channels: channelIds.min(1) })
    .nullable()
    .optional(),
  digest_s: waitS.min(60).nullable().optional(),
  send_resolved: z.boolean().optional(),
  send_acknowledged: z.boolean().optional(),
  goes_on: z.boolean().optional(),
});
/** All route ids in their new order. */
export const alertRouteOrder = z.strictObject({ order: z.array(z.string().max(128)).max(200) });

/** What a match takes, as things are now. */
export const routeMatchReply = z.object({ machines: z.number(), rules: z.number() });

// --- notifications ----------------------------------------------------------------------------------

/**
 * What a message says. `firing`: of new alerts; `repeated`, `escalated`: nobody has acknowledged; `undelivered`: another
 * channel could not deliver its message, so this one does; `watchdog`: the daily proof that the way to the phone works.
 */
export const notificationEvent = z.enum([
  'firing',
  'repeated',
  'escalated',
  'acknowledged',
  'resolved',
  'undelivered',
  'watchdog',
  'test',
]);
export type NotificationEvent = z.infer<typeof notificationEvent>;

/** One try to send a notification. */
export const attempt = z.object({
  at: z.number(),
  ms: z.number(),
  /** What was asked of whom, without secrets: `POST https://ntfy.sh/…`. */
  request: z.string(),
  /** What the far side answered, cut to 500 characters, or why there was no answer. */
  answer: z.string(),
  worked: z.boolean(),
});
export type Attempt = z.infer<typeof attempt>;

export const notification = z.object({
  /** The same for the same message after a crash; the far side may use it to drop a repetition. */
  id: z.string(),
  channel_id: z.string(),
  route_id: z.string().nullable(),
  /** The messages about one outage have one thread. */
  thread: z.string(),
  /** The number of the message in its thread; 1 begins it. Its channels have one notification each. */
  number: z.number(),
  /** What the thread's first message was about, under which mail programs gather the thread. */
  subject: z.string(),
  event: notificationEvent,
  /** Whether it holds for every alert of its thread: of an end or an acknowledgement, that no other one goes on. */
  whole: z.boolean().default(true),
  /** What it is about; in replies, and after it was sent, at most 20 of them. */
  alerts: z.array(alert),
  /** The ids of those that are no more in `alerts` since it was sent, so that their pages say who was told of them. */
  others: z.array(z.string()).optional(),
  /** How many alerts it is about. */
  count: z.number(),
  /** One more sentence, such as why another channel did not deliver it. */
  note: z.string(),
  created_at: z.number(),
  state: z.enum(['waiting', 'sent', 'failed']),
  /** The newest tries, at most 10, oldest first. */
  attempts: z.array(attempt),
  tries: z.number(),
  next_try_at: z.number().nullable(),
  done_at: z.number().nullable(),
  /** Whether another channel was given what this one did not deliver. */
  rerouted: z.boolean(),
});
export type Notification = z.infer<typeof notification>;
export const notificationsReply = z.object({ notifications: z.array(notification) });
/** A template on the newest alert, as a channel of this kind would send it. */
export const templatePreview = z.strictObject({ kind: text(40), template });
export const templatePreviewReply = z.object({
  title: z.string(),
  text: z.string(),
  /** What is wrong with the template, so that the built-in text is sent; null where nothing is. */
  problem: z.string().nullable(),
});
export type TemplatePreview = z.infer<typeof templatePreviewReply>;

/** The reply to a test: the far side's own answer. */
export const channelTestReply = attempt;

/** Who is told of an alert. */
export const audience = z.object({
  /** The routes that take it, in their order, by name, with the channels of each. */
  routes: z.array(z.object({ id: z.string(), name: z.string(), channels: z.array(z.string()) })),
  /** Why nobody is told, and what to do; null where somebody is. */
  nobody_because: z.string().nullable(),
  /** What was sent about it, or waits to be, newest first. */
  notifications: z.array(notification.omit({ alerts: true, others: true })),
});
export type Audience = z.infer<typeof audience>;
export const audienceReply = audience;

// --- browsers ---------------------------------------------------------------------------------------

/** What a browser's Push API gives for a registered browser. */
export const pushSubscription = z.object({
  /** The address of the browser's push service. */
  endpoint: z.url({ protocol: /^https$/ }).max(2000),
  /** The browser's own, in base64url. */
  keys: z.object({ p256dh: z.string().max(200), auth: z.string().max(100) }),
});
export const pushSubscriptionRemoval = z.strictObject({ endpoint: z.string().max(2000) });
export const pushKeyReply = z.object({ public_key: z.string() });

// --- settings ---------------------------------------------------------------------------------------

export const notifySettings = z.strictObject({
  /** A dead man's switch: while the server is well, it calls this address, which raises an alarm when the calls end. */
  heartbeat: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).max(1000),
      every_s: z.number().int().min(10).max(86_400).default(60),
      private_network: z.boolean().default(false),
    })
    .nullable()
    .default(null),
  /** One message a day, which proves that the way to the phone works. */
  watchdog: z
    .strictObject({ at: clockTime, time_zone: timeZone, channels: channelIds.min(1) })
    .nullable()
    .default(null),
});
export type NotifySettings = z.infer<typeof notifySettings>;
/** How the newest call of the heartbeat went; null before the first. */
export const heartbeatState = z
  .object({ at: z.number(), worked: z.boolean(), answer: z.string() })
  .nullable();
export const notifySettingsReply = notifySettings.extend({ heartbeat_state: heartbeatState });
