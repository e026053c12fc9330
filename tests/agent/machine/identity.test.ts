import { statSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inventory } from '#protocol/sample.ts';
import { primaryAddress } from '../../../agent/machine/address.ts';
import { deviceId, osName, parseOsRelease } from '../../../agent/machine/identity.ts';
import { gatherInventory, inventoryFrom } from '../../../agent/machine/inventory.ts';
import { ownFolder } from '../data-folder/folder.ts';

describe('the identity', () => {
  it('the device id is made once, in a private file, and stays the same', () => {
    const folder = ownFolder();
    const id = deviceId(folder);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(deviceId(folder)).toBe(id);
    expect(statSync(join(folder, 'identity.json')).mode & 0o777).toBe(0o600);
    expect(deviceId(ownFolder())).not.toBe(id);
  });

  it('a damaged identity file is an error: a new id would make the device appear twice', () => {
    const folder = ownFolder();
    writeFileSync(join(folder, 'identity.json'), '{"device_id": ');
    expect(() => deviceId(folder)).toThrow(/identity\.json is damaged/);
  });

  it('the system’s name is never empty, and the address is empty or an IP address', async () => {
    expect(parseOsRelease('NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe(
      'Debian GNU/Linux 12 (bookworm)',
    );
    expect(parseOsRelease('NAME=x\n')).toBeUndefined();
    expect(osName()).not.toBe('');
    const address = await primaryAddress();
    expect(address === '' || isIP(address) > 0).toBe(true);
  });
});

describe('the inventory', () => {
  it('the inventory leaves out what the system does not know', () => {
    const facts = {
      os: { distro: 'Debian', release: '12', kernel: '6.1', arch: 'x64' },
      cpu: { manufacturer: '', brand: '', physicalCores: 0, cores: 2 },
      system: { manufacturer: 'To be filled by O.E.M.', model: 'unknown', virtual: true },
    };
    const found = inventoryFrom(facts, 1024, 5);
    expect(found).toEqual({
      os_name: 'Debian',
      os_version: '12',
      kernel: '6.1',
      arch: 'x64',
      cpu_threads: 2,
      memory_bytes: 1024,
      virtual: true,
      boot_time: 5,
      agent_version: expect.any(String),
    });
    expect(inventory.safeParse(found).success).toBe(true);
  });

  it('the inventory of this machine has the form that the server accepts', async () => {
    expect(inventory.safeParse(await gatherInventory(new AbortController().signal)).error).toBeUndefined();
  });
});
