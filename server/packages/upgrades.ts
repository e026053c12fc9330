/**
 * Whose turn it is to upgrade itself. The server only names a version in the reply to a push; the agent fetches and checks
 * it [G6]. A few machines a minute get their turn, so that a version that does not work is noticed on few.
 */
import { compareVersions, type UpgradeSettings, type UpgradeView } from '#protocol/packages.ts';
import type { Inventory } from '#protocol/sample.ts';
import type { ReadyPackage } from './package-folder.ts';

/** How long a turn lasts. A machine that was offline, or could not fetch, gets another one later. */
const TURN_MS = 20 * 60_000;
/** After a turn without a result, and after a failure, a machine waits this long for another one. */
const PAUSE_MS = 60 * 60_000;
const FAILED_PAUSE_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;

/** A device, as far as it matters here. */
export interface UpgradableDevice {
  readonly id: string;
  readonly tags: readonly string[];
  readonly inventory: Inventory;
}

export interface UpgradesParts {
  readonly devices: () => readonly UpgradableDevice[];
  readonly isOnline: (deviceId: string) => boolean;
  /** The packages that are handed out, where their list of checksums is signed; else none. */
  readonly signed: () => readonly ReadyPackage[];
  readonly settings: () => UpgradeSettings;
  /** The server's own version: no agent is asked to be newer. */
  readonly own: string;
  readonly now: () => number;
}

export interface Upgrades {
  /** Gives turns to as many machines as the pace allows, and ends those that are over. */
  look(): void;
  /** The version that a device is to upgrade itself to now; undefined where it is not its turn. */
  turnOf(deviceId: string): { readonly version: string } | undefined;
  view(device: UpgradableDevice): UpgradeView;
}

interface Turn {
  readonly version: string;
  readonly began: number;
}

export function createUpgrades({ devices, isOnline, signed, settings, own, now }: UpgradesParts): Upgrades {
  const turns = new Map<string, Turn>();
  /** When turns began within the last minute. */
  let begun: number[] = [];
  /** When turns ended without a result, by device. */
  const fruitless = new Map<string, number>();
  let targets = new Map<string, string>();

  /** The newest version for each system (`linux-x64`) that is not newer than this server. */
  function findTargets(): Map<string, string> {
    const found = new Map<string, string>();
    for (const { version, system, arch, kind } of signed()) {
      if (kind !== 'executable' || compareVersions(version, own) > 0) continue;
      const name = `${system}-${arch}`;
      const before = found.get(name);
      if (before === undefined || compareVersions(version, before) > 0) found.set(name, version);
    }
    return found;
  }

  /** The version that the device could have; undefined where it has it, or upgrades itself to none. */
  function behind({ inventory }: UpgradableDevice): string | undefined {
    const { agent_version: version, upgrades_as: as } = inventory;
    const target = as === undefined ? undefined : targets.get(as);
    return target !== undefined && version !== undefined && compareVersions(version, target) < 0
      ? target
      : undefined;
  }

  function hasFailed({ inventory }: UpgradableDevice, target: string): boolean {
    const { upgrade_failed, upgrade_failed_at = 0 } = inventory;
    const saved = settings().saved_at;
    const isRecent = now() - upgrade_failed_at < FAILED_PAUSE_MS && upgrade_failed_at > saved;
    return upgrade_failed === target && isRecent;
  }

  /** The version for a device that may have a turn; undefined where it may not. */
  function wanted(device: UpgradableDevice): string | undefined {
    const { on, tags } = settings();
    if (!on || (tags.length > 0 && !device.tags.some((tag) => tags.includes(tag)))) return undefined;
    const target = behind(device);
    return target === undefined || hasFailed(device, target) ? undefined : target;
  }

  function endTurns(all: ReadonlyMap<string, UpgradableDevice>): void {
    for (const [id, { version, began }] of turns) {
      const device = all.get(id);
      const isWanted = device !== undefined && wanted(device) === version;
      if (isWanted && now() - began < TURN_MS) continue;
      turns.delete(id);
      if (isWanted) fruitless.set(id, now());
    }
    for (const [id, at] of fruitless) if (!all.has(id) || now() - at > PAUSE_MS) fruitless.delete(id);
  }

  return {
    look() {
      targets = findTargets();
      const list = devices();
      endTurns(new Map(list.map((device) => [device.id, device])));
      begun = begun.filter((at) => now() - at < MINUTE_MS && at <= now());
      let left = settings().per_minute - begun.length;
      for (const device of list) {
        if (left <= 0) return;
        if (turns.has(device.id) || fruitless.has(device.id)) continue;
        const version = wanted(device);
        if (version === undefined || !isOnline(device.id)) continue;
        turns.set(device.id, { version, began: now() });
        begun.push(now());
        left--;
      }
    },
    turnOf(deviceId) {
      const turn = turns.get(deviceId);
      return turn && { version: turn.version };
    },
    view(device) {
      const { agent_version, upgrades_as, upgrade_failed, upgrade_problem } = device.inventory;
      const target = behind(device);
      const isFailed = target !== undefined && upgrade_failed === target;
      return {
        device_id: device.id,
        version: agent_version ?? null,
        to: target ?? null,
        by_itself: upgrades_as !== undefined,
        state: turns.has(device.id) ? 'turn' : isFailed ? 'failed' : target === undefined ? 'none' : 'waits',
        problem: isFailed ? (upgrade_problem ?? '') : '',
      };
    },
  };
}
