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
  it('is made once, private, and stays', () => {
    const folder = ownFolder();
    const id = deviceId(folder);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(deviceId(folder)).toBe(id);
    expect(statSync(join(folder, 'identity.json')).mode & 0o777).toBe(0o600);
    expect(deviceId(ownFolder())).not.toBe(id);
  });

  it('that is damaged is not quietly replaced: the device would appear twice', () => {
    const folder = ownFolder();
    writeFileSync(join(folder, 'identity.json'), '{"device_id": ');
    expect(() => deviceId(folder)).toThrow(/identity\.json is damaged/);
  });

  it('has the system’s name and an address, if there is a network at all', async () => {
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
  it('leaves out what the system does not know', () => {
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

  it('of this machine is one the server takes', async () => {
    expect(inventory.safeParse(await gatherInventory(new AbortController().signal)).error).toBeUndefined();
  });
});
