/** Upgrades: which machines are asked to upgrade their agent themselves, and how many at once. */
import { NO_UPGRADES, type UpgradeSettings } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { createUpgrades } from '../packages/upgrades.ts';
import { upgradesRoutes } from '../routes/upgrades.ts';
import type { Base } from './base.ts';
import type { Machines } from './machines.ts';
import type { OpenPackages } from './packages.ts';
import type { People } from './people.ts';

/** How often machines get their turn. */
const LOOK_MS = 5000;

export interface UpgradesNeeds {
  readonly people: People;
  readonly machines: Machines;
  readonly packages: OpenPackages;
}

export function openUpgrades({ state, clock }: Base, { people, machines, packages }: UpgradesNeeds) {
  function settings(): UpgradeSettings {
    const { on, tags, per_minute, saved_at } = state.upgradeSettings.get('settings') ?? NO_UPGRADES;
    return { on, tags, per_minute, saved_at };
  }
  const upgrades = createUpgrades({
    devices: state.devices.all,
    isOnline: (id) => machines.fleet.get(id)?.status === 'online',
    signed: packages.signed,
    settings,
    own: WATCHFLOOR_VERSION,
    now: clock.now,
  });
  return {
    turnOf: upgrades.turnOf,
    routes: upgradesRoutes({
      view: () => ({
        version: WATCHFLOOR_VERSION,
        settings: settings(),
        machines: state.devices.all().map(upgrades.view),
      }),
      settings,
      setSettings: (changed) =>
        state.upgradeSettings.put({ ...changed, saved_at: clock.now(), id: 'settings' }),
      audit: people.audit,
    }),
    stop: clock.every(upgrades.look, LOOK_MS),
  };
}

export type OpenUpgrades = ReturnType<typeof openUpgrades>;
