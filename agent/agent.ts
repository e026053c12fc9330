/** The agent put together: collectors → loop → outbox and spool → sender → link. */
import { join } from 'node:path';
import type { Inventory, PushReply } from '#protocol/sample.ts';
import { systemClock } from './sampling/clock.ts';
import { collectorsFor } from './collectors/list.ts';
import { createReader } from './collectors/reader.ts';
import type { Config } from './config/config.ts';
import { errorText } from '#protocol/errors.ts';
import { makeFolder } from './data-folder/data-folder.ts';
import { deviceId, hostName, osName, primaryAddress } from './machine/identity.ts';
import { gatherInventory } from './machine/inventory.ts';
import { createLink } from './link/link.ts';
import { lockFolder } from './data-folder/lock.ts';
import type { Log } from './log.ts';
import { startLoop } from './sampling/loop.ts';
import { readMembership, writeMembership } from './link/membership.ts';
import { createOutbox } from './outgoing/outbox.ts';
import { paceFor } from './sampling/pace.ts';
import { createRefused } from './outgoing/refused.ts';
import { createSampler } from './sampling/sampler.ts';
import { createSender } from './outgoing/sender.ts';
import { openSpool, SEGMENT } from './outgoing/spool.ts';

export interface RunningAgent {
  /** Stops sampling, tries once more to send, keeps the rest on disk, and lets go of everything. */
  stop(): Promise<void>;
}

/** The address of a machine changes seldom. */
const ADDRESS_EVERY = 60_000;
/** Not while the first samples are on their way. */
const INVENTORY_AFTER = 3000;

/** The pieces of one push → its JSON text. `samples` are JSON already. */
function pushText(envelope: object, samples: readonly string[]): string {
  return `${JSON.stringify(envelope).slice(0, -1)},"samples":[${samples.join(',')}]}`;
}

/**
 * Starts an agent with the data folder of `config`. It samples at once and joins the server in the background,
 * for as long as that takes. @throws SetupError when the folder cannot be used
 */
export async function startAgent(config: Config, log: Log): Promise<RunningAgent> {
  makeFolder(config.data);
  const unlock = lockFolder(config.data, log);
  try {
    return await run(config, log, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function run(config: Config, log: Log, unlock: () => void): Promise<RunningAgent> {
  const clock = systemClock;
  const ownId = deviceId(config.data);
  const membership = readMembership(config.data);
  const hostname = hostName();
  let ip = await primaryAddress();
  let pace = paceFor(config.interval);
  let inventory: Inventory | undefined;
  let isInventorySent = false;

  const spool = openSpool(join(config.data, 'spool'), { bytes: config.spoolBytes, ...SEGMENT }, log);
  const outbox = createOutbox(spool, log);
  const link = createLink({
    enrollment: config.enrollment,
    membership,
    remember: (value) => writeMembership(config.data, value),
    describe: () =>
      Promise.resolve({
        hostname,
        ip,
        os: osName(),
        device_id: ownId,
        ...(config.name === undefined ? {} : { name: config.name }),
        ...(config.tags === undefined ? {} : { tags: [...config.tags] }),
      }),
    log,
  });

  const reader = createReader();
  const sampler = createSampler({
    collectors: collectorsFor(process.platform),
    read: reader.read,
    log,
    monotonic: clock.monotonic,
  });
  // The first round only gives the rates something to start from.
  sampler.sample(clock.monotonic());
  const loop = startLoop(clock, pace.sampleMs, (t) => {
    outbox.add(JSON.stringify({ timestamp: t, metrics: sampler.sample(clock.monotonic()) }));
  });

  const push = async (samples: readonly string[], dropped: number) => {
    const news = isInventorySent ? undefined : inventory;
    const envelope = {
      device_id: link.deviceId(),
      hostname,
      ip,
      sent_at: clock.now(),
      interval_s: pace.intervalMs / 1000,
      ...(news === undefined ? {} : { inventory: news }),
      ...(dropped > 0 ? { dropped } : {}),
    };
    const outcome = await link.push(pushText(envelope, samples));
    if (outcome.kind === 'accepted' && news !== undefined) isInventorySent = true;
    return outcome;
  };

  const obey = (reply: PushReply): number => {
    pace = paceFor(config.interval, reply);
    loop.setPace(pace.sampleMs);
    return pace.intervalMs;
  };

  const sender = createSender({
    clock,
    log,
    random: Math.random,
    outbox,
    spool,
    ready: link.ready,
    push,
    setAside: createRefused(join(config.data, 'refused.jsonl'), log),
    obey,
    intervalMs: pace.intervalMs,
  });
  sender.start();

  const look = () => {
    void primaryAddress().then((address) => {
      ip = address;
    });
  };
  const addressTimer = setInterval(look, ADDRESS_EVERY);
  const survey = new AbortController();
  const cancelInventory = clock.after(INVENTORY_AFTER, () => {
    gatherInventory(survey.signal).then(
      (found) => {
        inventory = found;
      },
      (error: unknown) => {
        if (!survey.signal.aborted)
          log.warn({ reason: errorText(error) }, 'the machine does not say what it is made of');
      },
    );
  });
  log.info({ device_id: ownId, hostname, data: config.data, spooled: spool.size() }, 'the agent runs');

  return {
    async stop() {
      loop.stop();
      clearInterval(addressTimer);
      cancelInventory();
      survey.abort();
      await sender.stop();
      const spooled = spool.size();
      link.close();
      spool.close();
      reader.close();
      unlock();
      log.info({ spooled }, 'the agent stopped');
    },
  };
}
