/**
 * The server's HTTP API, typed. Every method rejects with `RefusedError` (the server refused the request) or
 * `ConnectionError` (there was no proper answer); replies are parsed once, here. Times are epoch milliseconds.
 */
import type { z } from 'zod';
import { alertRule, alertRulesReply, type alertRuleCreate, type alertRulePatch } from '#protocol/alerts.ts';
import {
  auditReply,
  deviceDetail,
  devicesBulkReply,
  devicesReply,
  enrollmentKeyCreated,
  enrollmentKeysReply,
  me,
  seriesReply,
  sessionsReply,
  statusReply,
  tokenReply,
  user,
  usersReply,
  type devicePatch,
  type DevicesBulk,
  type enrollmentKeyCreate,
  type passwordRequest,
  type userCreate,
  type userPatch,
} from '#protocol/api.ts';
import { fleetView, fleetViewsReply, type FleetViewPatch, type NewFleetView } from '#protocol/fleet-views.ts';
import { fieldMeaningsReply } from '#protocol/declarations.ts';
import { deviceFieldsReply } from '#protocol/device-fields.ts';
import type { SessionOf } from '#protocol/live.ts';
import {
  alertRoute,
  alertRoutesReply,
  audienceReply,
  channel,
  channelKindsReply,
  channelsReply,
  channelTestReply,
  notificationsReply,
  notifySettingsReply,
  pushKeyReply,
  routeMatchReply,
  templatePreviewReply,
  type alertRouteCreate,
  type alertRoutePatch,
  type channelCreate,
  type channelPatch,
  type NotifySettings,
  type RouteMatch,
  type Template,
} from '#protocol/notify.ts';
import { packagesReply, upgradesReply, type upgradeSettingsPatch } from '#protocol/packages.ts';
import { processesReply } from '#protocol/processes.ts';
import { preferences, type preferencesPatch } from '#protocol/preferences.ts';
import { importReply, previewReply, type previewRequest } from '#protocol/rule-preview.ts';
import { alertsApi, silencesApi } from './alerts.ts';
import { boardsApi, displayApi, displayLinksApi, picturesApi, playlistsApi } from './boards.ts';
import { historyApi } from './history.ts';
import { probesApi } from './probes.ts';
import { createSend, parsed, type Fetch, type Send } from './request.ts';
import { trafficApi } from './traffic.ts';

type PreviewRequest = z.input<typeof previewRequest>;
export type NewAlertRule = z.input<typeof alertRuleCreate>;
type AlertRulePatch = z.input<typeof alertRulePatch>;
export type NewChannel = z.input<typeof channelCreate>;
type ChannelPatch = z.input<typeof channelPatch>;
export type NewAlertRoute = z.input<typeof alertRouteCreate>;
type AlertRoutePatch = z.input<typeof alertRoutePatch>;
type DevicePatch = z.input<typeof devicePatch>;
export type NewEnrollmentKey = z.input<typeof enrollmentKeyCreate>;
type PreferencesPatch = z.input<typeof preferencesPatch>;
type PasswordChange = z.input<typeof passwordRequest>;
type NewUser = z.input<typeof userCreate>;
type UserPatch = z.input<typeof userPatch>;
type UpgradePatch = z.input<typeof upgradeSettingsPatch>;

/**
 * `from` (inclusive) and `to` (exclusive) in epoch milliseconds, `step` the width of a bucket in milliseconds, `fields`
 * full names.
 */
interface SeriesRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly fields: readonly string[];
}

/** Which of a machine's fields to list: `#protocol/device-fields.ts` says how. */
export interface FieldsQuery {
  readonly kind?: string;
  readonly search?: string;
  readonly custom?: boolean;
  readonly by?: string;
  readonly top?: number;
  readonly past?: boolean;
}

export type Api = ReturnType<typeof createApi>;

const id = encodeURIComponent;

/** [W1] Names the session of the display link in each request's query. */
const asDisplay =
  (send: Send): Send =>
  ({ path, ...rest }) =>
    send({ ...rest, path: `${path}${path.includes('?') ? '&' : '?'}as=display` });

/** `onUnauthorized` is called with every 401 that means the session is over. */
export function createApi({
  fetch,
  onUnauthorized = () => undefined,
  timeoutMs,
  as = 'person',
}: {
  fetch: Fetch;
  onUnauthorized?: () => void;
  timeoutMs?: number;
  as?: SessionOf;
}) {
  const plain = createSend({ fetch, onUnauthorized, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  const send = as === 'display' ? asDisplay(plain) : plain;

  return {
    // --- the session ---
    async login(username: string, password: string) {
      return send({ method: 'POST', path: '/auth/login', body: { username, password } });
    },
    async logout() {
      await send({ method: 'POST', path: '/auth/logout' });
    },
    async me(signal?: AbortSignal) {
      return parsed(me, await send({ method: 'GET', path: '/auth/me', signal }));
    },
    async changePassword(change: PasswordChange) {
      await send({ method: 'POST', path: '/auth/password', body: change });
    },
    async changePreferences(change: PreferencesPatch) {
      return parsed(preferences, await send({ method: 'PATCH', path: '/auth/preferences', body: change }));
    },

    // --- devices ---
    async devices(signal?: AbortSignal) {
      return parsed(devicesReply, await send({ method: 'GET', path: '/devices', signal })).devices;
    },
    async device(deviceId: string, signal?: AbortSignal) {
      return parsed(deviceDetail, await send({ method: 'GET', path: `/devices/${id(deviceId)}`, signal }));
    },
    async series(deviceId: string, { from, to, step, fields }: SeriesRange, signal?: AbortSignal) {
      const query = new URLSearchParams({ from: String(from), to: String(to), step: String(step) });
      for (const field of fields) query.append('field', field);
      const path = `/devices/${id(deviceId)}/metrics?${query}`;
      return parsed(seriesReply, await send({ method: 'GET', path, signal }));
    },
    /** [L6] The names of the machine's fields, as many as are asked for. */
    async deviceFields(deviceId: string, query: FieldsQuery, signal?: AbortSignal) {
      const asked = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
      const path = `/devices/${id(deviceId)}/fields?${asked}`;
      return parsed(deviceFieldsReply, await send({ method: 'GET', path, signal }));
    },
    /** What machines have declared of their own fields; of all where none is named. */
    async fieldMeanings(fields?: readonly string[]) {
      const query = fields === undefined ? '' : `?fields=${encodeURIComponent(fields.join(','))}`;
      return parsed(fieldMeaningsReply, await send({ method: 'GET', path: `/field-meanings${query}` }))
        .meanings;
    },
    /** The processes of now, or those of a range as one. */
    async processes(
      deviceId: string,
      { from, to }: { readonly from?: number; readonly to?: number } = {},
      signal?: AbortSignal,
    ) {
      const query = from === undefined || to === undefined ? '' : `?from=${from}&to=${to}`;
      const path = `/devices/${id(deviceId)}/processes${query}`;
      return parsed(processesReply, await send({ method: 'GET', path, signal }));
    },
    /** [F4] Of machines that push as one device, makes one a device of its own. */
    async separate(deviceId: string, machineId: string) {
      await send({ method: 'POST', path: `/devices/${id(deviceId)}/separate`, body: { id: machineId } });
    },
    async patchDevice(deviceId: string, patch: DevicePatch) {
      await send({ method: 'PATCH', path: `/devices/${id(deviceId)}`, body: patch });
    },
    async removeDevice(deviceId: string) {
      await send({ method: 'DELETE', path: `/devices/${id(deviceId)}` });
    },
    /** One act on many devices: resolves with what became of each. */
    async bulk(asked: DevicesBulk) {
      const reply = await send({ method: 'POST', path: '/devices/bulk', body: asked });
      return parsed(devicesBulkReply, reply).results;
    },
    /** Resolves with the new token; the old one stops working at once. */
    async rotateToken(deviceId: string) {
      return parsed(tokenReply, await send({ method: 'POST', path: `/devices/${id(deviceId)}/token` })).token;
    },
    async revokeToken(deviceId: string) {
      await send({ method: 'DELETE', path: `/devices/${id(deviceId)}/token` });
    },

    fleetViews: {
      async list(signal?: AbortSignal) {
        const reply = await send({ method: 'GET', path: '/fleet-views', signal });
        return parsed(fleetViewsReply, reply).fleet_views;
      },
      async create(view: NewFleetView) {
        return parsed(fleetView, await send({ method: 'POST', path: '/fleet-views', body: view }));
      },
      async patch(viewId: string, patch: FleetViewPatch) {
        await send({ method: 'PATCH', path: `/fleet-views/${id(viewId)}`, body: patch });
      },
      async remove(viewId: string) {
        await send({ method: 'DELETE', path: `/fleet-views/${id(viewId)}` });
      },
    },

    enrollmentKeys: {
      async list(signal?: AbortSignal) {
        const reply = await send({ method: 'GET', path: '/enrollment-keys', signal });
        return parsed(enrollmentKeysReply, reply).enrollment_keys;
      },
      async create(key: NewEnrollmentKey) {
        return parsed(
          enrollmentKeyCreated,
          await send({ method: 'POST', path: '/enrollment-keys', body: key }),
        );
      },
      async remove(keyId: string) {
        await send({ method: 'DELETE', path: `/enrollment-keys/${id(keyId)}` });
      },
    },

    // --- the agent's packages ---
    async packages(signal?: AbortSignal) {
      return parsed(packagesReply, await send({ method: 'GET', path: '/packages', signal }));
    },

    upgrades: {
      async get(signal?: AbortSignal) {
        return parsed(upgradesReply, await send({ method: 'GET', path: '/upgrades', signal }));
      },
      async patch(patch: UpgradePatch) {
        await send({ method: 'PATCH', path: '/upgrades', body: patch });
      },
    },

    // --- people ---
    users: {
      async list(signal?: AbortSignal) {
        return parsed(usersReply, await send({ method: 'GET', path: '/users', signal })).users;
      },
      async create(newUser: NewUser) {
        return parsed(user, await send({ method: 'POST', path: '/users', body: newUser }));
      },
      async patch(username: string, patch: UserPatch) {
        await send({ method: 'PATCH', path: `/users/${id(username)}`, body: patch });
      },
      async remove(username: string) {
        await send({ method: 'DELETE', path: `/users/${id(username)}` });
      },
    },
    sessions: {
      async list(signal?: AbortSignal) {
        return parsed(sessionsReply, await send({ method: 'GET', path: '/sessions', signal })).sessions;
      },
      async remove(sessionId: string) {
        await send({ method: 'DELETE', path: `/sessions/${id(sessionId)}` });
      },
    },

    traffic: trafficApi(send),

    // --- alerts ---
    alerts: alertsApi(send),
    silences: silencesApi(send),
    history: historyApi(send),
    alertRules: {
      async list(signal?: AbortSignal) {
        return parsed(alertRulesReply, await send({ method: 'GET', path: '/alert-rules', signal }))
          .alert_rules;
      },
      async create(rule: NewAlertRule) {
        return parsed(alertRule, await send({ method: 'POST', path: '/alert-rules', body: rule }));
      },
      async patch(ruleId: string, patch: AlertRulePatch) {
        await send({ method: 'PATCH', path: `/alert-rules/${id(ruleId)}`, body: patch });
      },
      async remove(ruleId: string) {
        await send({ method: 'DELETE', path: `/alert-rules/${id(ruleId)}` });
      },
      /** How often the rule would have fired, and what may not be meant in it. */
      async preview(asked: PreviewRequest, signal?: AbortSignal) {
        const reply = await send({ method: 'POST', path: '/alert-rules/preview', body: asked, signal });
        return parsed(previewReply, reply);
      },
      /** Adds and replaces rules by a YAML file; a dry run only says which. */
      async importFile(yaml: string, dryRun: boolean) {
        const body = { yaml, dry_run: dryRun };
        return parsed(importReply, await send({ method: 'POST', path: '/alert-rules/import', body }));
      },
    },

    // --- boards and walls ---
    boards: boardsApi(send),
    pictures: picturesApi(send),
    playlists: playlistsApi(send),
    probes: probesApi(send),
    displayLinks: displayLinksApi(send),
    display: displayApi(send),

    // --- what carries alerts to people ---
    async channelKinds(signal?: AbortSignal) {
      const reply = await send({ method: 'GET', path: '/channel-kinds', signal });
      return parsed(channelKindsReply, reply).channel_kinds;
    },
    channels: {
      async list(signal?: AbortSignal) {
        return parsed(channelsReply, await send({ method: 'GET', path: '/channels', signal })).channels;
      },
      async create(newChannel: NewChannel) {
        return parsed(channel, await send({ method: 'POST', path: '/channels', body: newChannel }));
      },
      async patch(channelId: string, patch: ChannelPatch) {
        await send({ method: 'PATCH', path: `/channels/${id(channelId)}`, body: patch });
      },
      async remove(channelId: string) {
        await send({ method: 'DELETE', path: `/channels/${id(channelId)}` });
      },
      /** Resolves with what the far side answered, also where that is an error. */
      async test(channelId: string) {
        const reply = await send({ method: 'POST', path: `/channels/${id(channelId)}/test` });
        return parsed(channelTestReply, reply);
      },
      /** What the newest alert looks like with a template. */
      async preview(kind: string, template: Template) {
        const body = { kind, template };
        return parsed(templatePreviewReply, await send({ method: 'POST', path: '/channels/preview', body }));
      },
    },
    alertRoutes: {
      async list(signal?: AbortSignal) {
        const reply = await send({ method: 'GET', path: '/alert-routes', signal });
        return parsed(alertRoutesReply, reply).alert_routes;
      },
      async create(route: NewAlertRoute) {
        return parsed(alertRoute, await send({ method: 'POST', path: '/alert-routes', body: route }));
      },
      async patch(routeId: string, patch: AlertRoutePatch) {
        await send({ method: 'PATCH', path: `/alert-routes/${id(routeId)}`, body: patch });
      },
      async remove(routeId: string) {
        await send({ method: 'DELETE', path: `/alert-routes/${id(routeId)}` });
      },
      async order(order: readonly string[]) {
        await send({ method: 'POST', path: '/alert-routes/order', body: { order } });
      },
      /** How many machines and rules a match takes now. */
      async check(match: RouteMatch) {
        const reply = await send({ method: 'POST', path: '/alert-routes/check', body: match });
        return parsed(routeMatchReply, reply);
      },
    },
    async audience(alertId: string, signal?: AbortSignal) {
      const reply = await send({ method: 'GET', path: `/alerts/${id(alertId)}/audience`, signal });
      return parsed(audienceReply, reply);
    },
    async notifications(channelId?: string, signal?: AbortSignal) {
      const query = channelId === undefined ? '' : `?channel=${id(channelId)}`;
      const reply = await send({ method: 'GET', path: `/notifications${query}`, signal });
      return parsed(notificationsReply, reply).notifications;
    },
    notifySettings: {
      async get(signal?: AbortSignal) {
        return parsed(notifySettingsReply, await send({ method: 'GET', path: '/notify-settings', signal }));
      },
      async patch(patch: Partial<NotifySettings>) {
        await send({ method: 'PATCH', path: '/notify-settings', body: patch });
      },
    },

    pushSubscriptions: {
      /** The public key with which a browser registers at its push service. */
      async key() {
        return parsed(pushKeyReply, await send({ method: 'GET', path: '/push-subscriptions/key' }))
          .public_key;
      },
      async add(subscription: PushSubscriptionJSON) {
        await send({ method: 'POST', path: '/push-subscriptions', body: subscription });
      },
      async remove(endpoint: string) {
        await send({ method: 'POST', path: '/push-subscriptions/remove', body: { endpoint } });
      },
    },

    // --- the server ---
    async status(signal?: AbortSignal) {
      return parsed(statusReply, await send({ method: 'GET', path: '/status', signal }));
    },
    async audit(signal?: AbortSignal) {
      return parsed(auditReply, await send({ method: 'GET', path: '/audit', signal })).entries;
    },
  };
}
