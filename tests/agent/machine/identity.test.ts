import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inventory } from '#protocol/sample.ts';
import { primaryAddress } from '../../../agent/machine/address.ts';
import { deviceId, machineDigest, osName, parseOsRelease } from '../../../agent/machine/identity.ts';
import { gatherInventory, inventoryFrom } from '../../../agent/machine/inventory.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';

describe('the identity', () => {
  it('the device id is made once, in a private file, and stays the same', () => {
    const folder = ownFolder();
    const id = deviceId(folder, keptLog());
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(deviceId(folder, keptLog())).toBe(id);
    expect(statSync(join(folder, 'identity.json')).mode & 0o777).toBe(0o600);
    expect(deviceId(ownFolder(), keptLog())).not.toBe(id);
  });

  it('[F4] a data folder from another machine is reported once with the act that separates the two, and keeps its device', () => {
    const folder = ownFolder();
    const log = keptLog();
    const id = deviceId(folder, log, 'machine-1');
    expect(deviceId(folder, log, 'machine-1')).toBe(id);
    expect(log.lines).toEqual([]);
    expect(deviceId(folder, log, 'machine-2')).toBe(id);
    expect(deviceId(folder, log, 'machine-2')).toBe(id);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
    expect(log.lines[0]?.text).toMatch(/comes from another machine.*join --as-new/);
  });

  it('[F4] a restored folder, one of an earlier version, and a system without a machine id are not reported', () => {
    const log = keptLog();
    const folder = ownFolder();
    const id = deviceId(folder, log, 'machine-1');
    const backup = readFileSync(join(folder, 'identity.json'));
    rmSync(join(folder, 'identity.json'));
    writeFileSync(join(folder, 'identity.json'), backup);
    expect(deviceId(folder, log, 'machine-1')).toBe(id);

    writeFileSync(join(folder, 'identity.json'), JSON.stringify({ device_id: id }));
    expect(deviceId(folder, log, 'machine-1')).toBe(id);
    const none = join(folder, 'no-such-file');
    expect(machineDigest([none])).toBeUndefined();
    writeFileSync(none, 'uninitialized\n');
    expect(machineDigest([none])).toBeUndefined();
    expect(log.lines).toEqual([]);
  });

  it('[F4] the machine is told by a hash of its machine id, never by the id itself', () => {
    const file = join(ownFolder(), 'machine-id');
    const id = '0123456789abcdef0123456789abcdef';
    writeFileSync(file, `${id}\n`);
    expect(machineDigest(['/no/such/file', file])).toMatch(/^[0-9a-f]{64}$/);
    expect(machineDigest([file])).not.toContain(id);
  });

  it('a damaged identity file is an error: a new id would make the device appear twice', () => {
    const folder = ownFolder();
    writeFileSync(join(folder, 'identity.json'), '{"device_id": ');
    expect(() => deviceId(folder, keptLog())).toThrow(/identity\.json is damaged/);
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
