/** The whole server as one value: assembled, listening; `close` ends it in order. main and the tests use it. */
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import type { Config } from '../config/config.ts';
import { createGuard } from '../http/guard.ts';
import { createHttp } from '../http/http.ts';
import { openStaticFiles } from '../http/static.ts';
import { openDataFolder, StartError } from '../state/data-folder.ts';
import { openState } from '../state/state.ts';
import { openTls } from '../tls/certificate.ts';
import type { Log } from '../types.ts';
import { addDefaultRules, openAlerting } from './alerting.ts';
import type { Base, Capability } from './base.ts';
import { systemClock } from './clock.ts';
import { openHistory } from './history.ts';
import { openLive } from './live.ts';
import { openMachines } from './machines.ts';
import { isFirstStart, openPeople, type AdminPassword } from './people.ts';
import { openSamples } from './samples.ts';
import { openStatus } from './status.ts';
import { Stops } from './stops.ts';

const WEB = join(import.meta.dirname, '..', '..', 'web', 'build');
/** How long requests under way may take when the server stops. */
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

/** Opens everything and listens. Rejects with a StartError that says what to mend; nothing is left open then. */
export async function createServer(config: Config, log: Log): Promise<Server> {
  const stops = new Stops();
  stops.add(openDataFolder(config.data));
  try {
    return await open(config, log, stops);
  } catch (error) {
    await stops.stop();
    throw error instanceof StartError ? error : new StartError(errorText(error), { cause: error });
  }
}

async function open(config: Config, log: Log, stops: Stops): Promise<Server> {
  const notices: string[] = [];
  const notice = (text: string) => {
    notices.push(text);
    log.warn({}, text);
  };
  const notSaved = (error: unknown) => log.error({ err: error }, 'the state could not be saved');
  const started = <Part extends Partial<Capability>>(part: Part): Part => {
    if (part.stop) stops.add(part.stop);
    return part;
  };

  const tls = await openTls(config);
  const fingerprint = tls?.fingerprint ?? null;
  const state = await openState({ dir: config.data, log, notice });
  stops.add(() => state.close());
  const http = createHttp({ tls, log });
  stops.add(() => http.close());
  const base: Base = { config, state, clock: systemClock, log, notice, notSaved };

  // The rules first: once there is an administrator, a start is no longer the first one.
  if (isFirstStart(state)) await addDefaultRules(state);
  const people = await openPeople(base);
  const history = started(await openHistory(base));
  const machines = started(openMachines(base, { people, history, isTls: tls !== null, fingerprint }));
  const alerting = started(openAlerting(base, { people, machines }));
  const { live } = started(openLive(base, { http, people, machines, alerting }));
  const samples = openSamples(base, { history, machines, alerting, live });
  let ready = false;
  const routes = [people, history, machines, alerting, samples].flatMap((part) => part.routes);
  const isReady = () => ready;
  const status = openStatus(base, {
    ...{ people, history, machines, samples, fingerprint, notices, isReady, routes },
  });

  http.serve({
    routes: [...routes, ...status.routes],
    guard: createGuard({
      authenticate: people.sessions.find,
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
    adminPassword: people.adminPassword,
    enrollThisMachine: () => machines.enrollThisMachine(port),
    async close() {
      ready = false;
      await live.stop();
      await http.drain(GRACE_MS);
      await stops.stop();
      log.info({}, 'stopped');
    },
  };
}
