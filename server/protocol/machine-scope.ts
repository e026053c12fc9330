/** Which machines something is about: a silence, a tile of a board, a wall. */
import { z } from 'zod';
import { tags } from './api.ts';
import { nameMatches } from './name-pattern.ts';
import { optionalText } from './text.ts';

/** Those that one of the three names; all machines where all three are empty. */
export const machineScope = z.strictObject({
  /** Device ids. */
  devices: z.array(z.string().max(128)).max(1000).default([]),
  tags: tags.default([]),
  /** A machine's name, with `*` for any characters. */
  name: optionalText(200).default(''),
});
export type MachineScope = z.infer<typeof machineScope>;

/** Takes every machine. */
export const ALL_MACHINES: MachineScope = { devices: [], tags: [], name: '' };

/** What a scope is compared with: a machine, under the name that pages show. */
export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
}

function takes({ tags: wanted, name }: MachineScope, isListed: boolean, machine: Machine): boolean {
  return (
    isListed ||
    wanted.some((tag) => machine.tags.includes(tag)) ||
    (name !== '' && nameMatches(name, machine.name))
  );
}

const takesAll = ({ devices, tags: wanted, name }: MachineScope) =>
  devices.length === 0 && wanted.length === 0 && name === '';

/** Whether the scope takes the machine. */
export function inScope(scope: MachineScope, machine: Machine): boolean {
  return takesAll(scope) || takes(scope, scope.devices.includes(machine.id), machine);
}

/** As `inScope`, for one scope and thousands of machines. */
export function scopeMatcher(scope: MachineScope): (machine: Machine) => boolean {
  if (takesAll(scope)) return () => true;
  const ids = new Set(scope.devices);
  return (machine) => takes(scope, ids.has(machine.id), machine);
}
