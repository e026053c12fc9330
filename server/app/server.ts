/** The whole server as one value: opened, wired, listening; `close` ends it in order. main and the tests use it. */
import { join } from 'node:path';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { errorText } from '#protocol/errors.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { createAudit } from '../auth/audit.ts';
import { createDeviceTokens } from '../auth/device-tokens.ts';
import { createEnrollmentKeys } from '../auth/enrollment-keys.ts';
import { createLoginLimits } from '../auth/login-limits.ts';
import { createPasswords } from '../auth/password.ts';
import { createSessions, openSessionKey } from '../auth/sessions.ts';
import { openTls } from '../tls/certificate.ts';
import type { Config } from '../config/config.ts';
import { openDataFolder, StartError } from '../state/data-folder.ts';
import { inPairs } from '../tls/fingerprint.ts';
import { systemClock } from './clock.ts';
import { firstStart, type AdminPassword } from './first-start.ts';
import { createFleet } from '../fleet/fleet.ts';
import { clientAddress, normalAddress } from '../http/address.ts';
import { createHttpApp } from '../http/http.ts';
import { allows, createGuard, isSameOrigin } from '../http/guard.ts';
import { openStaticFiles } from '../http/static.ts';
import { createIngest } from '../ingest/ingest.ts';
import { createNewSamples } from '../ingest/new-samples.ts';
import { createLive } from '../live/live.ts';
import type { Log } from '../types.ts';
import { Opened } from './opened.ts';
import { ownMachineKey } from '../quickstart/own-machine.ts';
import { createRemoval } from './removal.ts';
import { accountRoutes } from '../routes/account.ts';
import { alertRoutes } from '../routes/alerts.ts';
import { deviceRoutes } from '../routes/devices.ts';
import { enrollmentRoutes, enrollmentString } from '../routes/enrollment.ts';
import { openapiRoutes } from '../routes/openapi.ts';
import { prometheusRoutes } from '../routes/prometheus.ts';
import { pushRoutes } from '../routes/metrics.ts';
import { seriesRoutes } from '../routes/series.ts';
import { statusRoutes } from '../routes/status.ts';
import { userRoutes } from '../routes/users.ts';
import { openState } from '../state/state.ts';
import { openStorage } from './storage.ts';
import { createViews } from './views.ts';

const WEB = join(import.meta.dirname, '..', '..', 'web', 'build');
const DAY_MS = 86_400_000;
const GRACE_MS = 5000;

export interface Server {
  readonly url: string;
  readonly port: number;
  /** Lower-case hex; null without a private authority. */
  readonly fingerprint: string | null;
  readonly adminPassword: AdminPassword;
  /** An enrollment string for an agent on this machine; it works once, for ten minutes. */
  enrollThisMachine(): Promise<string>;
  close(): Promise<void>;
}

/** Opens everything and listens. Rejects with what to mend; nothing is left open then. */
export async function createServer(config: Config, log: Log): Promise<Server> {
  const opened = new Opened();
  opened.add(openDataFolder(config.data));
  try {
    return await open(config, log, opened);
  } catch (error) {
    await opened.close();
    throw error instanceof StartError ? error : new StartError(errorText(error), { cause: error });
  }
}

async function open(config: Config, log: Log, opened: Opened): Promise<Server> {
  const { now, every } = systemClock;
  const startedAt = now();
  const notices: string[] = [];
  const notice = (text: string) => {
    notices.push(text);
    log.warn({}, text);
  };
  const failed = (error: unknown) => log.error({ err: error }, 'the state could not be saved');

  const tls = await openTls(config);
  const state = await openState({ dir: config.data, log, notice });
  opened.add(() => state.close());
  const { users, devices, keys, rules } = state;
  const passwords = createPasswords();
  const adminPassword = await firstStart(state, config.adminPassword, passwords);
  const sessionKey = await openSessionKey(join(config.data, 'session.key'));

  const isKnown = (id: string) => devices.get(id) !== undefined;
  const storage = await openStorage(config, isKnown, opened, log);
  const { history, journal, feeder, latest, arrivals, stored, reader } = storage;

  const audit = createAudit(state.audit, now, failed);
  const tokens = createDeviceTokens(devices, now);
  const enrollment = createEnrollmentKeys(keys, now);
  const http = createHttpApp({ tls, log });
  opened.add(() => http.close());

  const sessions = createSessions({
    sessions: state.sessions,
    users,
    key: sessionKey,
    days: config.sessionDays,
    now,
    onEnd: (id) => live.sessionEnded(id),
  });
  const views = createViews(devices, () => fleet);
  const showRow = (id: string) => {
    const record = devices.get(id);
    if (record) live.device(views.row(record));
  };
  const live = createLive({
    app: http.uws,
    authenticate: sessions.find,
    allowAddress: (peer, forwardedFor) =>
      allows(config, 'display', {
        address: clientAddress(normalAddress(peer), forwardedFor, config.trustedProxies),
      }),
    sessionAlive: (id) => sessions.alive(id),
    allowOrigin: isSameOrigin,
    snapshots: {
      fleet: views.fleetSnapshot,
      device: views.deviceSnapshot,
      alerts: () => ({ alerts: [...alerts.active()] }),
    },
    now,
    every,
    log,
  });
  opened.add(() => live.stop());
  const alerts = createAlerts({
    rules,
    alerts: state.alerts,
    deviceOf(id) {
      const record = devices.get(id);
      return record && { name: record.name ?? record.hostname, tags: record.tags };
    },
    now,
    every,
    onChange: (changed) => live.alerts(changed),
    log,
  });
  opened.add(() => alerts.stop());
  const fleet = createFleet({
    now,
    every,
    devices: devices.all().map(({ id, interval_s, last_seen }) => ({
      deviceId: id,
      intervalS: interval_s,
      // After a crash the record is old; the journal knows when its pushes arrived.
      lastSeen: arrivals.get(id) ?? last_seen,
    })),
    latest,
    onStatus(change) {
      const record = devices.get(change.deviceId);
      if (!record) return;
      if (change.status === 'offline') devices.put({ ...record, last_seen: change.lastSeen }).catch(failed);
      showRow(change.deviceId);
      alerts.status(change);
    },
  });
  opened.add(() => fleet.stop());
  for (const { id } of devices.all()) {
    const entry = fleet.get(id);
    if (entry?.status === 'offline' && entry.lastSeen !== null)
      alerts.status({ deviceId: id, status: 'offline', at: startedAt, lastSeen: entry.lastSeen });
  }

  const watching = (id: string) => live.watching(id);
  const ingest = createIngest({
    authenticate: tokens.authenticate,
    devices,
    append: journal.append,
    committed: feeder.committed,
    newSamples: createNewSamples({
      newest: new Map([...latest].map(([id, { t }]) => [id, t])),
      stored,
      warn: (error) => log.warn({ err: error }, 'stored times could not be looked up'),
    }),
    accepted: [(push) => fleet.accept(push), (push) => alerts.samples(push), (push) => live.values(push)],
    deviceChanged: showRow,
    watching,
    intervalS: config.intervalS,
    keptMs: config.retention.quarter_days * DAY_MS,
    now,
    log,
  });

  const removeDevice = createRemoval({
    before: tokens.forget,
    devices,
    parts: [ingest.forget, fleet.remove, alerts.deviceRemoved, live.removed],
    history,
    notice,
  });

  const fingerprint = tls?.fingerprint ?? null;
  let ready = false;
  const address = { publicUrl: config.publicUrl, tls: tls !== null, fingerprint };
  const routes = [
    ...accountRoutes({ users, sessions, passwords, limits: createLoginLimits(), audit, now }),
    ...userRoutes({ users, sessions, passwords, audit, now }),
    ...enrollmentRoutes({
      keys,
      enrollment,
      devices,
      tokens,
      audit,
      hasPushed: (id) => (fleet.get(id)?.lastSeen ?? null) !== null,
      added(record) {
        fleet.add(record.id, { intervalS: record.interval_s });
        alerts.rulesChanged();
        showRow(record.id);
      },
      address,
      intervalS: config.intervalS,
      now,
    }),
    ...deviceRoutes({
      devices,
      view: views.row,
      detail: views.detail,
      tokens,
      audit,
      changed(id) {
        alerts.rulesChanged();
        showRow(id);
      },
      remove: removeDevice,
    }),
    ...pushRoutes(ingest.push),
    ...seriesRoutes({ knows: isKnown, history: reader, now }),
    ...alertRoutes({
      active: alerts.active,
      all: alerts.all,
      rules,
      rulesChanged: alerts.rulesChanged,
      audit,
    }),
    ...prometheusRoutes({
      devices: views.everything,
      scrapeToken: config.scrapeToken,
      isSignedIn: async (cookie) => (await sessions.find(cookie)) !== undefined,
    }),
    ...statusRoutes({
      isReady: () => ready,
      audit,
      status: async () => ({
        version: WATCHFLOOR_VERSION,
        started_at: startedAt,
        devices: devices.all().length,
        pushes: ingest.counts(),
        fingerprint: fingerprint === null ? null : inPairs(fingerprint).join(':'),
        history: { ...(await history.health()), behind_bytes: feeder.behindBytes() },
        notices,
      }),
    }),
  ];

  http.serve({
    routes: [...routes, ...openapiRoutes(routes)],
    guard: createGuard({
      authenticate: sessions.find,
      allowAgents: config.allowAgents,
      allowPeople: config.allowPeople,
    }),
    files: await openStaticFiles(WEB),
    trustedProxies: config.trustedProxies,
  });
  const port = await http.listen(config.host, config.port);
  ready = true;
  const url = `${tls ? 'https' : 'http'}://localhost:${port}`;
  const store = config.influx ? 'influxdb' : 'embedded';
  log.info({ url, host: config.host, port, fingerprint, history: store }, 'listening');

  return {
    url,
    port,
    fingerprint,
    adminPassword,
    enrollThisMachine: async () =>
      enrollmentString(await ownMachineKey(keys, enrollment, now), `localhost:${port}`, {
        ...address,
        publicUrl: undefined,
      }),
    async close() {
      ready = false;
      await live.stop();
      await http.drain(GRACE_MS);
      for (const record of devices.all()) {
        const seen = fleet.get(record.id)?.lastSeen ?? record.last_seen;
        devices.put({ ...record, last_seen: seen }).catch(failed);
      }
      await opened.close();
      log.info({}, 'stopped');
    },
  };
}
