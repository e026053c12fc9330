/** What is said of one instance beside its chart. */
import type { ListedInstance } from '#protocol/device-fields.ts';
import { bytes, text } from '#protocol/figure.ts';
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

/** @param images the images of the machine's containers, by name */
export function instanceNote(instance: ListedInstance, images: ReadonlyMap<string, string>): string {
  if (instance.kind === 'container') return containerNote(instance, images.get(instance.instance) ?? '');
  return sizeNote(instance);
}
