/**
 * The live server: socket.io on uWS, as `#protocol/live.ts` describes the wire. socket.io patches its adapter for
 * the whole process when it is attached to uWS, so a process has one live server at a time.
 */
import { Server } from 'socket.io';
import type { TemplatedApp } from 'uWebSockets.js';
import type { Alert, Device } from '#protocol/api.ts';
import { LIVE_PATH, PULSE_MS, roomName, type ClientToServer, type ServerToClient } from '#protocol/live.ts';
import type { AcceptedPush, Clock, Log } from '../types.ts';
import { createAdmission, type AdmissionParts, type Refusal } from './admission.ts';
import { Rooms, type Snapshots } from './rooms.ts';
import { serveSubscriptions, type LiveLimits } from './subscriptions.ts';
import { createViewers, type NoPeers, type SocketData } from './viewers.ts';

const LIMITS: LiveLimits = {
  roomsPerViewer: 50,
  subscribesPerSecond: 20,
  maxBackpressure: 8 * 1024 * 1024,
};

/** A client sends room names, nothing longer. */
const MOST_CLIENT_BYTES = 4096;
const FIRST_PACKET_MS = 5000;
const PING_MS = 10_000;

export interface LiveParts extends AdmissionParts {
  readonly app: TemplatedApp;
  readonly sessionAlive: (sessionId: string) => boolean;
  readonly snapshots: Snapshots;
  readonly now: () => number;
  readonly log: Log;
  readonly limits?: Partial<LiveLimits>;
  readonly every: Clock['every'];
}

export interface Live {
  /**
   * To the fleet the newest sample, to the device's own room all of them. What is older than the newest sent is
   * left out, so that no screen turns back: late samples are in the history.
   */
  values(push: Pick<AcceptedPush, 'deviceId' | 'samples'>): void;
  /** A new or changed row, and the device's own page with it. */
  device(device: Device): void;
  removed(deviceId: string): void;
  alerts(alerts: readonly Alert[]): void;
  /** Somebody has this device's page open. */
  watching(deviceId: string): boolean;
  /** [L5] Its viewers are told and closed at once. */
  sessionEnded(sessionId: string): void;
  viewers(): number;
  /** Tells every viewer, closes, and takes no more. */
  stop(): Promise<void>;
}

export function createLive(parts: LiveParts): Live {
  const { app, sessionAlive, snapshots, now, log, every } = parts;
  const limits: LiveLimits = { ...LIMITS, ...parts.limits };
  const admission = createAdmission(parts);
  const viewers = createViewers();
  /** The newest sample sent, by device. */
  const newest = new Map<string, number>();
  let stopping = false;

  const io = new Server<ClientToServer, ServerToClient, NoPeers, SocketData>({
    path: LIVE_PATH,
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: MOST_CLIENT_BYTES,
    connectTimeout: FIRST_PACKET_MS,
    pingInterval: PING_MS,
    pingTimeout: PING_MS,
    allowRequest(request, decide) {
      const refusal = stopping ? 'server_stopping' : admission.refuse(request);
      decide(refusal ?? null, refusal === undefined);
    },
  });
  const onUws = { path: LIVE_PATH, maxBackpressure: limits.maxBackpressure, idleTimeout: 60, compression: 0 };
  io.attachApp(app, onUws);

  const rooms = new Rooms({
    snapshots,
    now,
    publish: (change) => io.to(change.room).emit('change', change),
  });
  io.of('/').adapter.on('delete-room', (name: string) => {
    const room = roomName.safeParse(name);
    if (room.success) rooms.end(room.data);
  });

  io.use((socket, next) => {
    void admission.sessionOf(socket).then((session) => {
      if (session === undefined) return next(new Error('unauthenticated' satisfies Refusal));
      socket.data.session = session;
      next();
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
    serveSubscriptions(socket, { rooms, limits, now });
  });

  const stopPulse = every(() => {
    viewers.sweep(now(), sessionAlive);
    if (viewers.size > 0) io.emit('pulse', { at: now() });
  }, PULSE_MS);

  return {
    values({ deviceId, samples }) {
      const before = newest.get(deviceId) ?? Number.NEGATIVE_INFINITY;
      const last = samples.at(-1);
      if (last === undefined || last.t <= before) return;
      newest.set(deviceId, last.t);
      rooms.fleet()?.value(deviceId, last);
      rooms.device(deviceId)?.samples(samples.filter(({ t }) => t > before));
    },
    device(device) {
      rooms.fleet()?.device(device);
      rooms.device(device.device_id)?.changed();
    },
    removed(deviceId) {
      newest.delete(deviceId);
      rooms.fleet()?.remove(deviceId);
      rooms.device(deviceId)?.removed();
    },
    alerts(alerts) {
      rooms.alerts()?.add(alerts);
    },
    watching: (deviceId) => rooms.watching(deviceId),
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
