/** A live server over real sockets. The test controls its clock, sessions, devices and repeated jobs. */
import { io, type Socket } from 'socket.io-client';
import * as uWS from 'uWebSockets.js';
import type { Alert } from '#protocol/alerts.ts';
import type { Device, DeviceDetail } from '#protocol/api.ts';
import {
  envelope,
  LIVE_PATH,
  subscribeReply,
  type ClientToServer,
  type DeviceSnapshot,
  type Envelope,
  type ServerToClient,
  type SubscribeReply,
  type Target,
} from '#protocol/live.ts';
import type { Sample } from '#protocol/sample.ts';
import { summarizeFields } from '../../server/fleet/field-list.ts';
import type { SignedIn } from '../../server/types.ts';
import { createLive } from '../../server/live/live.ts';
import type { FleetRows } from '../../server/live/content.ts';
import type { LiveLimits } from '../../server/live/subscriptions.ts';
import { emptyRecent } from '../../server/fleet/recent-ring.ts';
import { createLog } from '../../server/app/log.ts';
import { firing } from '../protocol/firing-alert.ts';

export function deviceOf(deviceId: string): Device {
  return {
    device_id: deviceId,
    name: deviceId,
    hostname: deviceId,
    ip: '10.0.0.1',
    os: 'Linux',
    tags: [],
    status: 'online',
    last_seen: 1,
    sampled_at: 1,
    interval_s: 5,
    clock_skew_ms: null,
    token_revoked_at: null,
    maintenance: null,
    metrics: { cpu: 1 },
  };
}

export function detailOf(deviceId: string): DeviceDetail {
  return {
    ...deviceOf(deviceId),
    registered_at: 1,
    inventory: {},
    token: { issued_at: 1, revoked_at: null },
    dropped: 0,
    parent: null,
    parent_of_tag: null,
    ignored: null,
  };
}

/** `fields`: the names of its fields. */
export function deviceSnapshotOf(deviceId: string, fields: readonly string[] = []): DeviceSnapshot {
  return { device: { ...detailOf(deviceId), metrics: {} }, fields: summarizeFields(fields) };
}

export function alertOf(id: string): Alert {
  return { ...firing, id, device_id: 'a', device_name: 'a' };
}

export type Client = Socket<ServerToClient, ClientToServer>;

export interface Viewer {
  readonly client: Client;
  /** Every change so far, in order of arrival. */
  readonly changes: readonly Envelope<unknown>[];
  subscribe(target: Target | string): Promise<SubscribeReply>;
  /** As `subscribe`, with whatever is no target. */
  ask(target: unknown): Promise<SubscribeReply>;
  /** Asks for the next part of a snapshot. */
  part(room: string): Promise<SubscribeReply>;
  /** Resolves with the first change that matches, whether it has arrived already or arrives later. */
  nextChange(matches: (change: Envelope<unknown>) => boolean): Promise<Envelope<unknown>>;
}

export const COOKIE = 'session=good';
export const ORIGIN = 'https://watch.example';
export const REFUSED_ADDRESS = '192.0.2.1';

export async function openStage(
  options: {
    limits?: Partial<LiveLimits>;
    /** The fleet; by default the stage's `devices`. */
    fleet?: FleetRows;
    /** Delays the check of each session until its promise resolves. */
    authGate?: () => Promise<void>;
  } = {},
) {
  const app = uWS.App();
  const sessions = new Map<string, SignedIn>([
    ['good', { sessionId: 'good', expiresAt: 1e15, role: 'admin', username: 'admin' }],
    ['other', { sessionId: 'other', expiresAt: 1e15, role: 'viewer', username: 'ann' }],
  ]);
  /** Who each connection said that it is. */
  const visitors: string[] = [];
  const ended = new Set<string>();
  const jobs: (() => void)[] = [];
  const clock = { at: 1_000_000 };
  const devices = new Set(['a', 'b']);
  /** What the devices are called and tagged, where that is not their id and nothing. */
  const facts = new Map<string, { name?: string; tags?: string[]; parent?: string }>();
  const newest = new Map<string, Sample>();
  /** The active alerts, newest first. */
  const alerts: Alert[] = [alertOf('x')];
  const findSession = (cookie: string) => {
    const id = /^session=(\w+)$/.exec(cookie)?.[1] ?? '';
    return ended.has(id) ? undefined : sessions.get(id);
  };
  const live = createLive({
    app,
    async authenticate(cookie, as) {
      visitors.push(as);
      await options.authGate?.();
      return findSession(cookie);
    },
    refuse({ header }) {
      if (header('origin') !== ORIGIN) return 'foreign_origin';
      return header('x-forwarded-for') === REFUSED_ADDRESS ? 'address_not_allowed' : undefined;
    },
    sessionAlive: (id) => !ended.has(id),
    snapshots: {
      fleet: () =>
        options.fleet ?? {
          ids: [...devices],
          row: (id) => (devices.has(id) ? { device: deviceOf(id), recent: emptyRecent() } : undefined),
        },
      device(id) {
        if (!devices.has(id)) return undefined;
        const { device, fields } = deviceSnapshotOf(id, Object.keys(newest.get(id)?.values ?? {}));
        return { device: { ...device, ...facts.get(id) }, fields };
      },
      alerts: { active: () => alerts, get: (id) => alerts.find((alert) => alert.id === id) },
      machines: {
        ids: () => [...devices],
        get: (id) => (devices.has(id) ? { ...deviceOf(id), ...facts.get(id) } : undefined),
        newest: (id) => newest.get(id),
      },
    },
    now: () => clock.at,
    log: createLog('silent'),
    every: (job) => {
      jobs.push(job);
      return () => jobs.splice(jobs.indexOf(job), 1);
    },
    ...(options.limits && { limits: options.limits }),
  });
  const { socket, port } = await new Promise<{ socket: uWS.us_listen_socket; port: number }>(
    (resolve, reject) =>
      app.listen('127.0.0.1', 0, (listening) => {
        if (listening === false) return reject(new Error('no port on 127.0.0.1'));
        resolve({ socket: listening, port: uWS.us_socket_local_port(listening) });
      }),
  );
  const clients: Client[] = [];

  function dial(headers: Record<string, string> = { cookie: COOKIE, origin: ORIGIN }, query = {}): Client {
    const client: Client = io(`http://127.0.0.1:${port}`, {
      query,
      path: LIVE_PATH,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      extraHeaders: headers,
    });
    clients.push(client);
    return client;
  }

  async function connect(headers?: Record<string, string>, query = {}): Promise<Viewer> {
    const client = dial(headers, query);
    const changes: Envelope<unknown>[] = [];
    const waiting = new Set<() => void>();
    client.on('change', (change) => {
      changes.push({ ...envelope.parse(change), data: change.data });
      for (const check of waiting) check();
    });
    async function ask(event: 'subscribe' | 'part', of: unknown): Promise<SubscribeReply> {
      const answer: unknown = await client.timeout(10_000).emitWithAck(event, of);
      return subscribeReply.parse(answer);
    }
    await new Promise<void>((resolve, reject) => {
      client.on('connect', resolve);
      client.on('connect_error', reject);
    });
    return {
      client,
      changes,
      subscribe: (target) => ask('subscribe', target),
      ask: (target) => ask('subscribe', target),
      part: (room) => ask('part', room),
      nextChange: (matches) =>
        new Promise((resolve) => {
          const check = () => {
            const change = changes.find(matches);
            if (change === undefined) return;
            waiting.delete(check);
            resolve(change);
          };
          waiting.add(check);
          check();
        }),
    };
  }

  return {
    live,
    port,
    clock,
    devices,
    alerts,
    facts,
    sessions,
    visitors,
    /** The device pushes these samples, which are its current ones. */
    push(deviceId: string, ...samples: Sample[]) {
      const last = samples.at(-1);
      if (last !== undefined) newest.set(deviceId, last);
      live.pushAccepted({ deviceId, current: samples });
    },
    ended,
    dial,
    connect,
    /** Runs the jobs that the server runs every second. */
    tick: () => jobs.forEach((job) => job()),
    async close() {
      for (const client of clients) client.disconnect();
      await live.stop();
      uWS.us_listen_socket_close(socket);
      app.close();
    },
  };
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** Resolves with the error of a refused connection; rejects when the client is connected. */
export function refusal(client: Client): Promise<Error> {
  return new Promise((resolve, reject) => {
    client.on('connect_error', resolve);
    client.on('connect', () => reject(new Error('the connection was not refused')));
  });
}

export function once(client: Client, event: 'disconnect' | 'bye' | 'pulse'): Promise<unknown> {
  return new Promise((resolve) => client.once(event, (value: unknown) => resolve(value)));
}
