import { expect, it } from 'vitest';
import { inventoryFrom } from '../../../agent/machine/inventory.ts';
import { countCores, windowsFacts } from '../../../agent/machine/windows-facts.ts';

const NODE = { name: 'Windows 11 Pro', kernel: '10.0.22631', arch: 'x86_64', threads: 16 };
/** A registry with these values, by their names. */
const registry = (texts: Record<string, string>, numbers: Record<string, number> = {}) => ({
  registryText: (_: string, name: string) => texts[name],
  registryNumber: (_: string, name: string) => numbers[name],
});

/** SYSTEM_LOGICAL_PROCESSOR_INFORMATION: kinds of what processors have in common. */
function relations(...kinds: number[]): Buffer {
  const list = Buffer.alloc(kinds.length * 32);
  for (const [index, kind] of kinds.entries()) list.writeUInt32LE(kind, index * 32 + 8);
  return list;
}

it('the inventory of a Windows is read from its registry', () => {
  const texts = {
    ...{ CurrentBuild: '22631', DisplayVersion: '23H2', ProcessorNameString: 'AMD Ryzen 7  5800X   ' },
    ...{ SystemManufacturer: 'Contoso', SystemProductName: 'Desk 3' },
  };
  const facts = windowsFacts(registry(texts, { UBR: 2861 }), relations(0, 3, 0, 2), NODE);
  expect(inventoryFrom(facts, 1024, 0)).toMatchObject({
    ...{ os_name: 'Windows 11 Pro', os_version: '23H2 (build 22631.2861)', kernel: '10.0.22631' },
    ...{ arch: 'x86_64', cpu_model: 'AMD Ryzen 7 5800X', cpu_cores: 2, cpu_threads: 16 },
    ...{ manufacturer: 'Contoso', model: 'Desk 3', virtual: false },
  });
});

it.each([
  ['Microsoft Corporation', 'Virtual Machine', true],
  ['VMware, Inc.', 'VMware7,1', true],
  ['QEMU', 'Standard PC (Q35 + ICH9, 2009)', true],
  ['Microsoft Corporation', 'Surface Pro 9', false],
])('a machine by %s called %s is virtual: %s', (SystemManufacturer, SystemProductName, virtual) => {
  const facts = windowsFacts(registry({ SystemManufacturer, SystemProductName }), undefined, NODE);
  expect(facts.system.virtual).toBe(virtual);
});

it('what the registry of a Windows does not have is left out of its inventory', () => {
  const inventory = inventoryFrom(windowsFacts(registry({}), undefined, NODE), 1024, 0);
  expect(inventory).toMatchObject({ os_name: 'Windows 11 Pro', kernel: '10.0.22631' });
  for (const name of ['os_version', 'cpu_model', 'cpu_cores', 'manufacturer', 'model'])
    expect(inventory).not.toHaveProperty(name);
  expect(countCores(Buffer.alloc(0))).toBe(0);
});
