import { describe, expect, it } from 'vitest';
import { parsePush } from '#protocol/sample.ts';
import { cpuFields } from '../../../agent/collectors/cpu.ts';
import { sortInterfaces } from '../../../agent/collectors/interfaces.ts';
import { collectorsFor } from '../../../agent/collectors/list.ts';
import * as portable from '../../../agent/collectors/portable.ts';
import { createReader } from '../../../agent/collectors/reader.ts';

describe('the portable collectors', () => {
  it('the portable collectors give the same fields from Node and systeminformation', () => {
    const core = (user: number, sys: number, idle: number) =>
      portable.coreTimes([{ times: { user, nice: 0, sys, irq: 0, idle } }]);
    expect(cpuFields(core(0, 0, 0), core(300, 100, 600), 1000)).toMatchObject({ cpu: 40, 'core:0:cpu': 40 });
    const drive = {
      fs: 'C:',
      type: 'NTFS',
      size: 1000,
      used: 400,
      available: 600,
      use: 40,
      mount: 'C:',
      rw: true,
    };
    const share = { ...drive, type: 'smbfs', mount: 'Z:', used: 999, available: 1 };
    const disc = { ...drive, type: 'CDFS', mount: 'D:', used: 1000, available: 0, rw: false };
    expect(portable.mountsFromLibrary([drive, share, disc])).toMatchObject({
      disk: 40,
      'mount:C::used': 40,
      'mount:C::used_bytes': 400,
      'mount:C::total_bytes': 1000,
      'mount:D::used': 100,
    });
  });

  it('[G8] a core with more time than has passed is left out on every system', () => {
    const core = (user: number, idle: number) =>
      portable.coreTimes([{ times: { user, nice: 0, sys: 0, irq: 0, idle } }]);
    expect(cpuFields(core(0, 0), core(1e9, 500), 1000)).toEqual({});
    expect(cpuFields(core(1e9, 500), core(1000, 1000), 1000)).toEqual({});
  });

  it.each([
    [
      'macOS',
      { en0: false, en1: false, utun3: false, bridge100: false, vmenet0: false, lo0: false },
      ['en0', 'en1'],
    ],
    ['Windows', { Ethernet: false, 'vEthernet (WSL)': true, Tailscale: true }, ['Ethernet']],
    ['a Windows guest, whose card is virtual', { Ethernet: true, 'vEthernet (WSL)': true }, ['Ethernet']],
    ['FreeBSD', { em0: false, tun0: false, epair0a: false, bridge0: false, lagg0: false }, ['em0']],
  ])('[G7] the same bytes are counted once on %s', (_, interfaces, counted) => {
    const known = Object.entries(interfaces).map(([iface, virtual]) => ({ iface, virtual, internal: false }));
    const { shown, isCounted } = sortInterfaces(portable.portableKinds(known));
    expect(shown.filter(isCounted)).toEqual(counted);
  });

  it('the portable collectors run on this machine, and the server accepts their fields', async () => {
    const reader = createReader();
    for (const { name, create } of await collectorsFor('darwin')) {
      if (name === 'processes') continue;
      const collector = create();
      await collector.collect({ at: 0, ...reader });
      const fields = await collector.collect({ at: 1000, ...reader });
      if (fields === 'absent') continue;
      const push = { device_id: 'd', hostname: 'h', ip: '', timestamp: Date.now(), metrics: fields };
      expect(parsePush(push).error?.issues, name).toBeUndefined();
    }
    reader.close();
  });
});
