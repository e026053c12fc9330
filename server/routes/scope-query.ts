/** Which machines a query is about: `device` and `tag`, each as often as needed, and `name`. */
import { inScope, machineScope, type Machine } from '#protocol/machine-scope.ts';
import { invalidQuery } from '../http/query.ts';
import type { Sight } from '../types.ts';

/** For the API's description. */
export const SCOPE_QUERY = {
  device: 'Id of a machine; may be given many times. Without device, tag and name: all machines',
  tag: 'Machines with this tag; may be given many times',
  name: 'Machines with this name, in which "*" stands for any characters',
};

/** [W1] The machines that the query names and that may be seen. An unknown machine is passed over. */
export function readMachines(
  query: URLSearchParams,
  machines: readonly Machine[],
  sight: Sight | undefined,
): readonly Machine[] {
  const parsed = machineScope.safeParse({
    devices: query.getAll('device'),
    tags: query.getAll('tag'),
    name: query.get('name') ?? '',
  });
  if (!parsed.success) {
    const [{ path, message } = { path: [], message: 'is wrong' }] = parsed.error.issues;
    const names: Readonly<Record<string, string>> = { devices: 'device', tags: 'tag' };
    const parameter = String(path[0] ?? 'device');
    throw invalidQuery(names[parameter] ?? parameter, message);
  }
  return machines.filter((machine) => inScope(parsed.data, machine) && (sight?.has(machine.id) ?? true));
}
