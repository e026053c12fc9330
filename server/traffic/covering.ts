/** Which quotas count for a machine: at most one for each of its interfaces. Pure. */
import { inScope, type Machine } from '#protocol/machine-scope.ts';
import { MOST_QUOTAS_OF_DEVICE, type Quota } from '#protocol/traffic.ts';

/** How closely a quota that takes the machine is about it: the smaller the closer. */
function distance({ scope }: Quota, { id }: Machine): number {
  if (scope.devices.includes(id)) return 0;
  return scope.tags.length > 0 || scope.name !== '' ? 1 : 2;
}

/** @param quotas the oldest first */
export function quotasFor(quotas: readonly Quota[], machine: Machine): readonly Quota[] {
  const closest = new Map<string, Quota>();
  for (const quota of quotas) {
    if (!inScope(quota.scope, machine)) continue;
    const other = closest.get(quota.interface);
    if (other === undefined || distance(quota, machine) < distance(other, machine))
      closest.set(quota.interface, quota);
  }
  return [...closest.values()].slice(0, MOST_QUOTAS_OF_DEVICE);
}
