/**
 * The live server: socket.io on uWS; `#protocol/live.ts` describes the wire. socket.io patches its adapter
 * for the whole process when it is attached to uWS, so a process can have one live server at a time.
 */
import { Server } from 'socket.io';
import type { TemplatedApp } from 'uWebSockets.js';
import type { Alert } from '#protocol/alerts.ts';
import type { Device } from '#protocol/api.ts';
import {
  LIVE_PATH,
  MAX_CLIENT_BYTES,
  PULSE_MS,
  roomName,
  type ClientToServer,
  type ServerToClient,
  type Target,
} from '#protocol/live.ts';
import type { AcceptedPush, Clock, Log } from '../types.ts';
import { createAdmission, type AdmissionParts, type Refusal } from './admission.ts';
import { Catalogue, type Snapshots } from './catalogue.ts';
import { Decoder, Encoder, limitPackets, type EngineConnection } from './packets.ts';
import { createRations } from './rations.ts';
import { Rooms } from './rooms.ts';
import { serveSubscriptions, type LiveLimits } from './subscriptions.ts';
import { createViewers, type NoServerEvents, type SocketData } from './viewers.ts';

const LIMITS: LiveLimits = {
  // A board has up to sixty tiles.
  roomsPerViewer: 80,
  subscribesPerSecond: 20,
  subscribesAtOnce: 100,
  maxBackpressureBytes: 8 * 1024 * 1024,
};

/** A websocket is closed when its client has not connected to socket.io after so long. */
const CONNECT_TIMEOUT_MS = 5000;
/** How often the server pings a client, and how long it then waits for the answer. */
const PING_MS = 10_000;

export interface LiveParts extends AdmissionParts {
  readonly app: Pick<TemplatedApp, 'publish'>;
  /** Whether the session is still valid. */
  readonly sessionAlive: (sessionId: string) => boolean;
  readonly snapshots: Snapshots;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  readonly limits?: Partial<LiveLimits>;
  readonly every: Clock['every'];
}

export interface Live {
  /**
   * Sends the newest current sample to the fleet's room, and of the current ones what values queries ask for, in the
   * order of arrival. The history has the late ones.
   */
  pushAccepted(push: Pick<AcceptedPush, 'deviceId' | 'current'>): void;
  /** Sends a new or changed device to the fleet's room, and its details to the device's own room. */
  deviceChanged(device: Device): void;
  deviceRemoved(deviceId: string): void;
  alertsChanged(alerts: readonly Alert[]): void;
  /** [W1] To be called when the displays with a sight of this key may see other devices than before. */
  sightChanged(key: string): void;
  /** Whether somebody has this device's page open, or shows it with few others. */
  isWatched(deviceId: string): boolean;
  /** [L5] Tells the session's viewers, and closes their connections at once. */
  sessionEnded(sessionId: string): void;
  /** The number of connected viewers. */
  viewers(): number;
  /** Tells every viewer, closes all connections and accepts no more. */
  stop(): Promise<void>;
}

export function createLive(parts: LiveParts): Live {
  const { app, sessionAlive, snapshots, now, log, every } = parts;
  const limits: LiveLimits = { ...LIMITS, ...parts.limits };
  const admission = createAdmission(parts);
  const viewers = createViewers();
  const rations = createRations(now);
  let stopping = false;

  const io = new Server<ClientToServer, ServerToClient, NoServerEvents, SocketData>({
    path: LIVE_PATH,
    transports: ['websocket'],
    serveClient: false,
    parser: { Encoder, Decoder },
    perMessageDeflate: false,
    maxHttpBufferSize: MAX_CLIENT_BYTES,
    connectTimeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_MS,
    pingTimeout: PING_MS,
    allowRequest(request, decide) {
      const refusal = stopping ? 'server_stopping' : admission.refuse(request);
      decide(refusal ?? null, refusal === undefined);
    },
  });
  const uwsOptions = {
    path: LIVE_PATH,
    maxBackpressure: limits.maxBackpressureBytes,
    idleTimeout: 60,
    compression: 0,
  };
  io.attachApp(app, uwsOptions);
  // A websocket is the only transport, so nothing names an earlier connection in order to upgrade it.
  io.engine.use((request: { _query: Record<string, string> }, _: unknown, next: (error?: Error) => void) =>
    next('sid' in request._query ? new Error('there is no connection to upgrade') : undefined),
  );
  io.engine.on('connection', (connection: EngineConnection) => limitPackets(connection, now));

  const catalogue = new Catalogue(snapshots, log);
  const rooms = new Rooms({
    now,
    publish: (change) => io.to(change.room).emit('change', change),
    hasMembers: (name) => io.of('/').adapter.rooms.has(name),
    log,
  });
  io.of('/').adapter.on('delete-room', (name: string) => {
    const room = roomName.safeParse(name);
    if (room.success) rooms.close(room.data);
  });

  io.use((socket, next) => {
    admission
      .sessionOf(socket)
      .then((session) => {
        if (session === undefined) return next(new Error('unauthenticated' satisfies Refusal));
        socket.data.session = session;
        next();
      })
      .catch((error: unknown) => {
        log.error({ err: error }, 'a live connection could not be opened');
        socket.disconnect(true);
      });
  });
  io.on('connection', (socket) => {
    const { session } = socket.data;
    if (session === undefined || stopping || !sessionAlive(session.sessionId)) {
      socket.emit('bye', stopping ? 'server_stopping' : 'session_ended');
      socket.disconnect(true);
      return;
    }
    const viewer = { socket, session };
    viewers.add(viewer);
    socket.on('disconnect', () => viewers.remove(viewer));
    const ration = () => rations.of(session.sessionId);
    const place = (target: Target) => catalogue.place(target, session);
    serveSubscriptions(socket, { rooms, place, limits, now, ration });
  });

  const stopPulse = every(() => {
    viewers.sweep(now(), sessionAlive);
    rations.sweep();
    if (viewers.size > 0) io.emit('pulse', { at: now() });
  }, PULSE_MS);

  return {
    pushAccepted: (push) => catalogue.pushAccepted(push),
    deviceChanged: (device) => catalogue.deviceChanged(device),
    deviceRemoved: (deviceId) => catalogue.deviceRemoved(deviceId),
    alertsChanged: (alerts) => catalogue.alertsChanged(alerts),
    sightChanged: (key) => catalogue.sightChanged(key),
    isWatched: (deviceId) => catalogue.isWatched(deviceId),
    sessionEnded: (sessionId) => viewers.sessionEnded(sessionId),
    viewers: () => viewers.size,
    async stop() {
      stopping = true;
      stopPulse();
      rooms.flush();
      viewers.dismissAll('server_stopping');
      rooms.stop();
      await io.close();
      log.debug({}, 'the live server has stopped');
    },
  };
}
