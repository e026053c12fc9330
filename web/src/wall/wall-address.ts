/** Addresses of walls, for the pages that offer them. */
import { resolve } from '$app/paths';
import type { MachineScope } from '#protocol/machine-scope.ts';

/** The wall of the machines of a scope: `/wall/fleet?tag=prod&name=web-*`. */
export function fleetWallAddress({ devices, tags, name }: MachineScope): string {
  const query = new URLSearchParams();
  for (const device of devices) query.append('device', device);
  for (const tag of tags) query.append('tag', tag);
  if (name !== '') query.set('name', name);
  return resolve('/wall/fleet') + (query.size > 0 ? `?${query}` : '');
}

/** The scope of such an address. */
export function scopeIn(query: Pick<URLSearchParams, 'get' | 'getAll'>): MachineScope {
  return { devices: query.getAll('device'), tags: query.getAll('tag'), name: query.get('name') ?? '' };
}
