/** What is said of one instance beside its chart. */
import type { ListedInstance } from '#protocol/device-fields.ts';
import { bytes, text } from '#protocol/figure.ts';
import type { Inventory } from '#protocol/sample.ts';
import { plural, say } from '../format/messages.ts';
import { listedValue } from './section-kinds.ts';

/** `44 GiB of 50 GiB`, of a filesystem. */
function sizeNote(instance: ListedInstance): string {
  const [used, total] = [listedValue(instance, 'used_bytes'), listedValue(instance, 'total_bytes')];
  return used === undefined || total === undefined ? '' : `${text(bytes(used))} of ${text(bytes(total))}`;
}

/** `nginx:1.25 · healthy · 3 restarts in the last hour`, of a container. */
function containerNote(instance: ListedInstance, image: string): string {
  const [running, healthy] = [listedValue(instance, 'running'), listedValue(instance, 'healthy')];
  const restarts = listedValue(instance, 'restarts') ?? 0;
  return [
    image,
    running === 0 ? say`stopped` : '',
    healthy === 1 ? say`healthy` : healthy === 0 ? say`not healthy` : '',
    restarts === 0
      ? ''
      : plural(restarts, `${restarts} restart in the last hour`, `${restarts} restarts in the last hour`),
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** `up · status 200 · certificate 83 days left`; `down: connection refused`, of a probe. */
function probeNote(instance: ListedInstance, reason: string): string {
  const [up, status, days] = ['up', 'status', 'certificate_days'].map((last) => listedValue(instance, last));
  const state = up === undefined ? '' : up === 1 ? say`up` : say`down`;
  return [
    reason === '' ? state : state === '' ? reason : `${state}: ${reason}`,
    status === undefined ? '' : `status ${status}`,
    days === undefined ? '' : `certificate ${Math.floor(days)} d`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** What a machine says in words of its instances, by `kind:name`: the images of containers, why a probe is not up. */
export function notesOf(
  inventory: Pick<Inventory, 'containers' | 'probes'> = {},
): ReadonlyMap<string, string> {
  const { containers = [], probes = [] } = inventory;
  return new Map([
    ...containers.map(({ name, image }) => [`container:${name}`, image] as const),
    ...probes.map(({ name, reason }) => [`probe:${name}`, reason] as const),
  ]);
}

/** @param notes as `notesOf` finds them */
export function instanceNote(instance: ListedInstance, notes: ReadonlyMap<string, string>): string {
  const said = notes.get(`${instance.kind}:${instance.instance}`) ?? '';
  if (instance.kind === 'container') return containerNote(instance, said);
  if (instance.kind === 'probe') return probeNote(instance, said);
  return sizeNote(instance);
}
