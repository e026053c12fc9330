/**
 * The agent, assembled. A sample's way: collectors → sampler → outbox (and spool, while the server is away) → sender →
 * delivery → push → link → `POST /metrics`.
 */
import { join } from 'node:path';
import { collectorsFor } from './collectors/list.ts';
import { createReader } from './collectors/reader.ts';
import { openTopProcesses } from './collectors/top-processes/top-processes.ts';
import type { Config } from './config/config.ts';
import { makeFolder } from './data-folder/data-folder.ts';
import { lockFolder } from './data-folder/lock.ts';
import { createLink } from './link/link.ts';
import { openJoinSecret, readMembership, writeMembership } from './link/membership.ts';
import { openNewDevices } from './link/new-device.ts';
import type { Log } from './log.ts';
import { watchAddress } from './machine/address.ts';
import { deviceId, hostName, machineName, readIdentity } from './machine/identity.ts';
import { introduction } from './machine/introduction.ts';
import { joinDescribed, startInventory } from './machine/inventory.ts';
import { beginRun } from './machine/run.ts';
import { createSetAside } from './outgoing/delivery.ts';
import { createOutbox } from './outgoing/outbox.ts';
import { joinDeclared } from './outgoing/declared.ts';
import { createPush } from './outgoing/push.ts';
import { startSender } from './outgoing/sender.ts';
import { openSpool, SEGMENT } from './outgoing/spool.ts';
import { createTold } from './outgoing/told.ts';
import { openProbes } from './probes/probes.ts';
import { watchClock } from './sampling/clock-steps.ts';
import { systemClock, type Clock } from './sampling/clock.ts';
import { startLoop } from './sampling/loop.ts';
import { createPace } from './sampling/pace.ts';
import type { Sample } from './sampling/sample.ts';
import { createSampler } from './sampling/sampler.ts';
import { answerLocally } from './service/local-socket.ts';
import { createAnswers } from './service/questions.ts';
import { startGivingBack } from './service/program-memory.ts';
import { keepProblems } from './service/recent-problems.ts';
import { createSelfReport } from './service/self-report.ts';
import { createWatchdog } from './service/watchdog.ts';
import { openUpgrader, type Upgrading } from './upgrade/own-package.ts';

type Stop = () => void | Promise<void>;

export interface RunningAgent {
  /** Stops sampling, tries once more to send, keeps the rest on disk, and releases the data folder. */
  stop(): Promise<void>;
}

/** What an agent may be given. */
interface AgentParts {
  /** What it takes the time from. Default: the system's. */
  readonly clock?: Clock;
  /** Default: it never upgrades itself. */
  readonly upgrading?: Upgrading | undefined;
}

/**
 * Starts an agent with the data folder of `config`. It samples at once. It joins the server in the background, and
 * tries that until it succeeds.
 * @throws SetupError when the folder cannot be used
 */
export async function startAgent(
  config: Config,
  log: Log,
  { clock = systemClock, upgrading }: AgentParts = {},
): Promise<RunningAgent> {
  const stops: Stop[] = [];
  try {
    await start(config, log, stops, { clock, upgrading });
  } catch (error) {
    await stopAll(stops, log);
    throw error;
  }
  return { stop: () => stopAll(stops, log) };
}

/** Calls the stops, the last one first. One that fails is logged and keeps no other from its turn. */
async function stopAll(stops: Stop[], log: Log): Promise<void> {
  for (const stop of stops.splice(0).reverse()) {
    try {
      await stop();
    } catch (error) {
      log.error({ err: error }, 'a part of the agent did not stop cleanly');
    }
  }
}

/** Starts the parts in order and adds the stop of each to `stops`, which `stopAll` calls in reverse order. */
async function start(
  config: Config,
  out: Log,
  stops: Stop[],
  { clock, upgrading }: AgentParts & { readonly clock: Clock },
): Promise<void> {
  const { data, name, tags, spoolBytes } = config;
  const { log, recent: problems } = keepProblems(out, clock.now);
  for (const warning of config.warnings) log.warn(warning);
  const clockSetting = watchClock(clock, log);

  makeFolder(data);
  stops.push(await lockFolder(data));

  const id = deviceId(data, log);
  const newDevices = openNewDevices(data);
  const run = beginRun(data, log);
  const membership = readMembership(data);
  const joinSecret = openJoinSecret(data);
  const hostname = hostName();
  const address = await watchAddress();
  stops.push(address.stop);
  const inventory = startInventory(log);
  stops.push(inventory.stop);

  const spoolFolder = join(data, 'spool');
  const spool = openSpool(spoolFolder, { bytes: spoolBytes, ...SEGMENT }, log);
  // The last stop runs first, and a closed spool no longer counts the samples of its open file.
  stops.push(spool.close, () => log.info({ spooled: spool.size() }, 'the agent stopped'));
  const outbox = createOutbox(spool, log);

  const link = createLink({
    enrollment: config.enrollment,
    membership,
    remember: (value) => writeMembership(data, value),
    newDevices,
    describe: introduction({
      deviceId: () => readIdentity(data)?.device_id ?? id,
      ...{ address: address.current, joinSecret, name, tags },
    }),
    proxy: config.proxy,
    log,
  });
  stops.push(link.close);

  const reader = createReader();
  stops.push(reader.close);
  const probes = openProbes({
    ...{ data, clock, log },
    allowed: config.probes,
    fetch: link.probes,
    async openRunner() {
      // An agent without probes has no use for their code.
      const { openRunner } = await import('./probes/kinds.ts');
      return openRunner({ allowed: config.probes, folder: data, clock });
    },
  });
  stops.push(probes.idle, probes.stop);
  const collectors = await collectorsFor(
    process.platform,
    config.collectors,
    (error) =>
      log.warn({ err: error }, 'the system cannot be asked directly: less is measured, and less often'),
    config.custom,
  );
  const sampler = createSampler({
    collectors: [...collectors, probes.collector],
    read: reader.read,
    readAside: reader.readAside,
    log,
    monotonic: clock.monotonic,
  });
  stops.push(sampler.stop);

  const upgrader = await openUpgrader(upgrading, { link, log, now: clock.now });
  stops.push(() => upgrader?.idle());
  const tell = createTold(data, log);

  const pace = createPace(config.interval);
  const push = createPush({
    declared: joinDeclared(sampler.declared),
    link,
    clock,
    clockSetting,
    hostname,
    run,
    machine: machineName(),
    address: address.current,
    inventory: joinDescribed(inventory.current, () => [
      ...sampler.described(),
      ...(upgrader ? [upgrader.facts()] : []),
    ]),
    pace,
    spool,
    told(reply) {
      tell(reply);
      probes.told(reply);
      upgrader?.accepted();
      if (reply.separate !== undefined) link.separate(reply.separate.enrollment_key);
      if (reply.upgrade !== undefined) upgrader?.offered(reply.upgrade.version);
    },
  });
  const setAside = createSetAside(join(data, 'refused.jsonl'), log);
  const sender = startSender({ clock, log, random: Math.random, outbox, spool, link, push, setAside, pace });
  stops.push(sender.stop);

  // Rates need an earlier reading: this round only reads the counters.
  sampler.sample(clock.monotonic());
  const topProcesses = await openTopProcesses({
    ...{ mode: config.processes, read: reader.read, clock, pace, log },
  });
  const take = (t: number): Sample => {
    const at = clock.monotonic();
    const fields = sampler.sample(at);
    const processes = topProcesses({ at, t });
    return { t, clock: clockSetting(), fields, ...(processes !== undefined && { processes }) };
  };
  const alive = createWatchdog({ env: process.env, clock, sender, log });
  const beat = (t: number) => {
    outbox.add(take(t));
    alive();
  };
  stops.push(startLoop(clock, pace, beat));
  stops.push(startGivingBack({ clock, data, log }));

  const report = createSelfReport({
    ...{ clock, data, hostname, name, spoolFolder, spoolBytes, problems },
    ...{ link, outbox, sender, pace, sampler, probes, allowed: config.probes },
  });
  const answers = createAnswers({
    report,
    async joinWith(enrollment, asNew) {
      const failure = await link.joinWith(enrollment, asNew);
      if (failure === undefined) sender.tryNow();
      return failure;
    },
    joined: () => ({ device_id: link.deviceId(), server: link.server() ?? '' }),
  });
  stops.push(await answerLocally(data, answers, log));

  log.info({ device_id: id, hostname, data, spooled: spool.size() }, 'the agent runs');
}
