/** Assembles the whole server, listens, and stops in order. Used by main.ts, `npm start` and the tests. */
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import type { Config } from '../config/config.ts';
import { basePath } from '../config/settings.ts';
import { createGuard } from '../http/guard.ts';
import { createHttp } from '../http/http.ts';
import { openStaticFiles } from '../http/static.ts';
import { openDataFolder, StartError, type DataFolder } from '../state/data-folder.ts';
import { openState } from '../state/state.ts';
import { openCertificate } from '../tls/certificate.ts';
import type { Log } from '../types.ts';
import { openAlertRules } from './alert-rules.ts';
import { addDefaultRules, openAlerting } from './alerting.ts';
import type { Base, Capability } from './base.ts';
import { openBoards } from './boards.ts';
import { watchCertificate } from './certificates.ts';
import { systemClock } from './clock.ts';
import { watchDisk } from './disk.ts';
import { openDisplays } from './displays.ts';
import { openEvents } from './events.ts';
import { openHistory } from './history.ts';
import { openLive } from './live.ts';
import { openMachines } from './machines.ts';
import { openMutes } from './mutes.ts';
import { createNotices } from './notices.ts';
import { openNotifying } from './notifying.ts';
import { openPackages } from './packages.ts';
import { isFirstStart, openPeople, type AdminPassword } from './people.ts';
import { openProbes } from './probes.ts';
import { openProcesses } from './processes.ts';
import { openSamples } from './samples.ts';
import { openSilences } from './silences.ts';
import { openStatus } from './status.ts';
import { Stops } from './stops.ts';
import { openTraffic } from './traffic.ts';
import { openUpgrades } from './upgrades.ts';

const WEB = join(import.meta.dirname, '..', '..', 'web', 'build');
/** How long running requests may still take when the server stops. */
const GRACE_MS = 5000;

export interface Server {
  /** With `localhost` as its host, without a path. */
  readonly url: string;
  readonly port: number;
  /** Of the authority that agents pin, lower-case hex; null when they use their system's roots. */
  readonly fingerprint: string | null;
  readonly adminPassword: AdminPassword;
  /** What is wrong with the server at its start, in sentences for the administrator. */
  readonly notices: readonly string[];
  /** Makes an enrollment string for an agent on this machine, valid once, for ten minutes. */
  enrollThisMachine(): string;
  /** Serves new connections with what the certificate's files hold now; what is wrong becomes a notice. */
  reloadCertificate(): Promise<void>;
  /** Stops all parts in order; resolves when everything is on disk. */
  close(): Promise<void>;
}

/** Starts the server. Rejects with a StartError that says what to correct; nothing is left open then. */
export async function createServer(config: Config, log: Log): Promise<Server> {
  const stops = new Stops();
  const folder = await openDataFolder(config.data);
  stops.add(folder.close);
  try {
    return await open(config, log, folder, stops);
  } catch (error) {
    await stops.stop();
    throw error instanceof StartError ? error : new StartError(errorText(error), { cause: error });
  }
}

async function open(config: Config, log: Log, folder: DataFolder, stops: Stops): Promise<Server> {
  const notices = createNotices(log);
  const withStop = <Part extends Partial<Capability>>(part: Part): Part => {
    if (part.stop) stops.add(part.stop);
    return part;
  };

  const state = await openState({
    dir: config.data,
    notice: notices.add,
    onProblem: (name, text) => notices.set(name, text === null ? null : { text }),
    whyLost: folder.whyLost,
  });
  stops.add(() => state.close());
  const certificate = await openCertificate(config, () => state.devices.all().length > 0);
  const fingerprint = () => certificate?.files.fingerprint ?? null;
  stops.add(watchDisk({ dir: config.data, folder, notices, clock: systemClock }));
  const base: Base = { config, state, clock: systemClock, log, notices };

  // The rules come before the people: once there is an administrator, the next start is not a first start.
  if (isFirstStart(state)) await addDefaultRules(state);
  const people = withStop(await openPeople(base));
  const history = withStop(await openHistory(base));
  const http = createHttp({ tls: certificate?.files ?? null, log });
  stops.add(() => http.close());
  const latest = await history.readLatest();
  const silences = withStop(openSilences(base));
  const address = {
    publicUrl: config.publicUrl,
    tls: certificate !== null,
    get fingerprint() {
      return fingerprint();
    },
  };
  const packages = withStop(openPackages(base, { address, certificate }));
  const machines = withStop(openMachines(base, { people, history, silences, latest, packages, address }));
  const probes = openProbes(base, { people, machines });
  const processes = openProcesses(base, history);
  machines.removed.listen(processes.forget);
  const mutes = withStop(openMutes(base, { machines, silences }));
  const alerting = withStop(
    openAlerting(base, { people, machines, silences, mutes, probes, processes, latest }),
  );
  const events = withStop(openEvents(base, { machines, alerting, latest }));
  const alertRules = withStop(openAlertRules(base, { people, machines, history, alerting }));
  const isTls = certificate !== null;
  const notifying = withStop(await openNotifying(base, { people, machines, alerting, history, isTls }));
  const boards = withStop(await openBoards(base, { people, machines }));
  const displays = withStop(openDisplays(base, { people, boards }));
  const { live } = withStop(openLive(base, { http, people, machines, alerting, boards, displays }));
  const upgrades = withStop(openUpgrades(base, { people, machines, packages }));
  const traffic = withStop(openTraffic(base, { people, machines, history }));
  const samples = openSamples(base, {
    ...{ history, latest, machines, upgrades, probes, processes, traffic, alerting, events, live },
  });
  let ready = false;
  const routes = [
    people,
    history,
    packages,
    machines,
    probes,
    processes,
    upgrades,
    traffic,
    alerting,
    events,
    alertRules,
    notifying,
    boards,
    displays,
    samples,
  ].flatMap((part) => part.routes);
  const isReady = () => ready;
  const needs = { people, history, machines, samples, fingerprint, isReady, routes };
  const status = openStatus(base, needs);

  http.serve({
    routes: [...routes, ...status.routes],
    guard: createGuard({
      authenticate: displays.authenticate,
      allowAgents: config.allowAgents,
      allowPeople: config.allowPeople,
    }),
    sessionAlive: displays.sessionAlive,
    files: await openStaticFiles(WEB, basePath(config.publicUrl)),
    trustedProxies: config.trustedProxies,
  });
  const certificates =
    certificate && watchCertificate({ certificate, renew: http.renew, notices, log, clock: systemClock });
  if (certificates) {
    stops.add(certificates.stop);
    await certificates.look();
  }
  const port = http.listen(config.host, config.port);
  ready = true;
  // The stop that is added last is called first.
  stops.add(() => http.drain(GRACE_MS));
  stops.add(live.stop);
  stops.add(history.stopReading);
  stops.add(() => (ready = false));
  const url = `${certificate ? 'https' : 'http'}://localhost:${port}`;
  const historyKind = config.influx ? 'influxdb' : 'embedded';
  log.info({ url, host: config.host, port, fingerprint: fingerprint(), history: historyKind }, 'listening');

  return {
    url,
    port,
    fingerprint: fingerprint(),
    notices: notices.list(),
    adminPassword: people.adminPassword,
    enrollThisMachine: () => machines.enrollThisMachine(port),
    reloadCertificate: () => certificates?.look() ?? Promise.resolve(),
    async close() {
      await stops.stop();
      log.info({}, 'stopped');
    },
  };
}
