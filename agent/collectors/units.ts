/**
 * Units of systemd that failed, and services that it restarted, asked over D-Bus: no process, no rights. Nothing is
 * listed while all is well: systemd tells how many units failed, and /run/systemd/units changes when one starts.
 */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '#protocol/errors.ts';
import type { Collector } from './collector.ts';
import { openBus, type Bus } from './dbus.ts';
import { rememberTroubles } from './unit-troubles.ts';

const SYSTEMD = 'org.freedesktop.systemd1';
const MANAGER = '/org/freedesktop/systemd1';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

/** [G3] So many services are asked for their restarts at once. */
const MOST_ASKED = 20;
/** Of so many services the last count is known. */
const MOST_COUNTS = 1000;
/** A machine whose systemd cannot be asked is tried again after this time. */
const TRY_AGAIN = 60_000;

/** `ssh@1.service` → the last part of its path on D-Bus: `ssh_401_2eservice`. */
export function unitPath(unit: string): string {
  const escaped = [...Buffer.from(unit)].map((byte, place) => {
    const letter = String.fromCharCode(byte);
    const isPlain = /[A-Za-z]/.test(letter) || (/[0-9]/.test(letter) && place > 0);
    return isPlain ? letter : `_${byte.toString(16).padStart(2, '0')}`;
  });
  return `${MANAGER}/unit/${escaped.join('')}`;
}

async function property(bus: Bus, path: string, of: string, name: string): Promise<number> {
  const [value] = await bus.call({
    destination: SYSTEMD,
    path,
    interface: PROPERTIES,
    member: 'Get',
    args: [`${SYSTEMD}.${of}`, name],
  });
  return Number(value);
}

/** The names of the units that failed. */
async function failedUnits(bus: Bus): Promise<string[]> {
  if ((await property(bus, MANAGER, 'Manager', 'NFailedUnits')) === 0) return [];
  const [units] = await bus.call({
    destination: SYSTEMD,
    path: MANAGER,
    interface: `${SYSTEMD}.Manager`,
    member: 'ListUnitsFiltered',
    args: [['failed']],
  });
  const list: readonly unknown[] = Array.isArray(units) ? units : [];
  return list.flatMap((unit) => (Array.isArray(unit) && typeof unit[0] === 'string' ? unit[0] : []));
}

/** The services that started since the last call, by the links that systemd keeps for each start of a unit. */
export function watchStarts(folder: string): () => string[] {
  let changedAt = -1;
  let links: Map<string, string> | undefined;
  const read = (): Map<string, string> => {
    const found = new Map<string, string>();
    for (const name of readdirSync(folder)) {
      const [, unit] = /^invocation:(.+\.service)$/.exec(name) ?? [];
      if (unit !== undefined) found.set(unit, readlinkSync(join(folder, name)));
    }
    return found;
  };
  return () => {
    try {
      const { mtimeMs } = statSync(folder);
      if (mtimeMs === changedAt) return [];
      const before = links;
      links = read();
      changedAt = mtimeMs;
      // At first nothing is known of what started before.
      if (before === undefined) return [];
      return [...links].flatMap(([unit, run]) => (before.get(unit) === run ? [] : unit));
    } catch {
      // An old systemd has no such folder; or a unit ended while it was read, and the next call sees the others.
      return [];
    }
  };
}

export interface UnitSources {
  /** Sockets of D-Bus, of which the first that lets this user in is used. */
  readonly sockets: readonly { readonly path: string; readonly isBus: boolean }[];
  /** /run/systemd/units */
  readonly runs: string;
}

const SOURCES: UnitSources = {
  sockets: [
    { path: '/run/dbus/system_bus_socket', isBus: true },
    // Without a bus, root may ask systemd itself.
    { path: '/run/systemd/private', isBus: false },
  ],
  runs: '/run/systemd/units',
};

/** Opens the first socket that works; undefined where systemd is not there, or not to be asked. */
async function connect(sockets: UnitSources['sockets']): Promise<Bus | undefined> {
  for (const { path, isBus } of sockets) {
    try {
      return await openBus(path, { isBus });
    } catch (error) {
      if (!['ENOENT', 'EACCES', 'ECONNREFUSED', 'ENOTDIR'].includes(errorCode(error))) throw error;
    }
  }
  return undefined;
}

export function createUnits({ sockets, runs }: UnitSources = SOURCES): Collector {
  const troubles = rememberTroubles();
  /** What systemd counted last, by service. */
  const counts = new Map<string, number>();
  const started = watchStarts(runs);
  let bus: Bus | undefined;
  let triedAt = -Infinity;
  let isStopped = false;
  /** Why systemd could not be asked, until it is tried again. */
  let problem: Error | undefined;

  /** Counts the restarts that systemd did by itself; it counts from 0 again when somebody starts the service. */
  const countRestarts = async (open: Bus, at: number) => {
    for (const unit of started().slice(0, MOST_ASKED)) {
      const counted = await property(open, unitPath(unit), 'Service', 'NRestarts');
      if (!(counted > 0)) continue;
      const before = counts.get(unit) ?? counted - 1;
      if (counts.size >= MOST_COUNTS) counts.clear();
      counts.set(unit, counted);
      troubles.restarted(unit, at, counted > before ? counted - before : counted);
    }
  };

  return {
    async collect({ at }) {
      if (bus?.isOpen !== true) {
        if (at - triedAt < TRY_AGAIN) {
          if (problem !== undefined) throw problem;
          return 'absent';
        }
        triedAt = at;
        bus = undefined;
        try {
          problem = undefined;
          bus = await connect(sockets);
        } catch (error) {
          problem = error instanceof Error ? error : new Error(String(error));
          throw problem;
        }
        if (isStopped) bus?.close();
      }
      if (bus === undefined) return 'absent';
      await countRestarts(bus, at);
      return troubles.fields(at, await failedUnits(bus));
    },
    stop() {
      isStopped = true;
      bus?.close();
    },
  };
}
