import { describe, expect, it } from 'vitest';
import { createLinks } from '../../../agent/collectors/links.ts';
import { createNetwork } from '../../../agent/collectors/network.ts';
import { fixture } from './fixture.ts';
import { contextAt, last, over } from './readings.ts';
import { sysNet } from './sys.ts';

const HIDDEN = '/nowhere';
const card = { ifindex: 2, driver: 'e1000e' };

const grown = fixture('netdev.txt')
  .replace('eth0: 1000000    900    3', 'eth0: 1008000    950    5')
  .replace('wlan0:500 5', 'wlan0:600 5')
  .replace('wg0:  400000', 'wg0:  404000');

/** /proc/net/dev in which each interface received that many bytes. */
const netdev = (received: Readonly<Record<string, number>>) =>
  Object.entries(received)
    .map(([name, bytes]) => `${name}: ${bytes} 9 0 0 0 0 0 0 500 4 0 0 0 0 0 0\n`)
    .join('');

/** What `net_rx` is when every interface has received 1000 bytes in the second. */
async function total(folder: string, names: readonly string[]) {
  const at = (bytes: number) => netdev(Object.fromEntries(names.map((name) => [name, bytes])));
  const fields = await last(createNetwork(folder), at(5000), at(6000));
  return fields === 'absent' ? undefined : fields?.['net_rx'];
}

describe('network', () => {
  it('[G7] network totals are the sum of the interfaces with a device behind them, without tunnels and bridges', async () => {
    const folder = sysNet({
      eth0: card,
      wlan0: { ifindex: 3, driver: 'iwlwifi' },
      docker0: { ifindex: 4, files: { 'bridge/bridge_id': '8000' } },
      veth12ab: { ifindex: 6, iflink: 5 },
      wg0: { ifindex: 7, type: 65534 },
    });
    expect(await last(createNetwork(folder), fixture('netdev.txt'), grown)).toEqual({
      net_rx: 8100,
      net_tx: 0,
      'interface:eth0:rx': 8000,
      'interface:eth0:tx': 0,
      'interface:eth0:errors': 2,
      'interface:wlan0:rx': 100,
      'interface:wlan0:tx': 0,
      'interface:wlan0:errors': 0,
      'interface:docker0:rx': 0,
      'interface:docker0:tx': 0,
      'interface:docker0:errors': 0,
      'interface:wg0:rx': 4000,
      'interface:wg0:tx': 0,
      'interface:wg0:errors': 0,
      ...Object.fromEntries(
        ['eth0', 'wlan0', 'docker0', 'wg0'].flatMap((name) => [
          [`interface:${name}:rx_packets`, name === 'eth0' ? 50 : 0],
          [`interface:${name}:tx_packets`, 0],
          [`interface:${name}:drops`, 0],
        ]),
      ),
    });
  });

  it('[G7] network totals where /sys is hidden leave out what a name says carries bytes again', async () => {
    expect(await last(createNetwork(HIDDEN), fixture('netdev.txt'), grown)).toMatchObject({ net_rx: 8100 });
  });

  it('[G7] a VPN inside a container’s network card is not counted again', async () => {
    const [one, two] = [fixture('netdev-lxc-tailscale-1.txt'), fixture('netdev-lxc-tailscale-2.txt')];
    const folder = sysNet({
      eth0: { ifindex: 2, iflink: 57 },
      tailscale0: { ifindex: 3, type: 65534, files: { tun_flags: '0x1001' } },
    });
    for (const collector of [createNetwork(folder), createNetwork(HIDDEN)])
      expect(await last(collector, one, two)).toMatchObject({ net_rx: 1_000_000, net_tx: 1_000_000 });
  });

  it.each([
    ['a tap', { ifindex: 3, files: { tun_flags: '0x1002' } }],
    ['WireGuard', { ifindex: 3, type: 65534, files: { uevent: 'DEVTYPE=wireguard' } }],
    ['a VXLAN', { ifindex: 3, files: { uevent: 'DEVTYPE=vxlan\nINTERFACE=extra' } }],
    ['PPP', { ifindex: 3, type: 512 }],
    ['a GRE tunnel', { ifindex: 3, iflink: 0, type: 778 }],
    ['a bridge without ports', { ifindex: 3, files: { 'bridge/bridge_id': '8000' } }],
    ['a VLAN', { ifindex: 3, iflink: 2, lower: ['eth0'] }],
  ])('[G7] in a container, %s beside its network card is not counted again', async (_, extra) => {
    const folder = sysNet({ eth0: { ifindex: 2, iflink: 57 }, extra });
    expect(await total(folder, ['eth0', 'extra'])).toBe(1000);
  });

  it('[G7] a container’s network card counts, whether it is a pair, a MACVLAN or an interface of OpenVZ', async () => {
    expect(await total(sysNet({ eth0: { ifindex: 2, iflink: 9 } }), ['eth0'])).toBe(1000);
    const macvlan = { ifindex: 2, iflink: 9, files: { uevent: 'DEVTYPE=macvlan' } };
    expect(await total(sysNet({ eth0: macvlan }), ['eth0'])).toBe(1000);
    expect(await total(sysNet({ venet0: { ifindex: 2, type: 65535 } }), ['venet0'])).toBe(1000);
    // Docker inside a container: its bridge and the ends of its containers pass through eth0.
    const nested = sysNet({
      eth0: { ifindex: 2, iflink: 57 },
      docker0: { ifindex: 3, files: { 'bridge/bridge_id': '8000' }, lower: ['veth1a'] },
      veth1a: { ifindex: 5, iflink: 4 },
    });
    expect(await total(nested, ['eth0', 'docker0', 'veth1a'])).toBe(1000);
    // A container that has a tunnel and nothing else.
    expect(await total(sysNet({ tun0: { ifindex: 2, type: 65534 } }), ['tun0'])).toBe(1000);
  });

  it('[G7] the ports of a switch behind a network card are not counted again', async () => {
    const [one, two] = [fixture('netdev-dsa-1.txt'), fixture('netdev-dsa-2.txt')];
    const port = (ifindex: number) => ({
      ...{ ifindex, iflink: 2, driver: 'mt7530' },
      files: { uevent: 'DEVTYPE=dsa', phys_switch_id: '00' },
    });
    const bridge = { ifindex: 5, files: { 'bridge/bridge_id': '8000' } };
    const old = { eth0: card, wan: port(3), lan0: port(4), 'br-lan': bridge };
    const now = { ...old, wan: { ...port(3), lower: ['eth0'] }, lan0: { ...port(4), lower: ['eth0'] } };
    for (const facts of [old, now])
      expect(await last(createNetwork(sysNet(facts)), one, two)).toMatchObject({
        net_rx: 1_000_000,
        net_tx: 1_000_000,
      });
  });

  it.each([
    ['a bond', { bond0: { ifindex: 4, lower: ['eth0', 'eth1'], files: { 'bonding/slaves': 'eth0 eth1' } } }],
    [
      'a VLAN on a bridge',
      { br0: { ifindex: 4, lower: ['eth0', 'eth1'] }, 'br0.5': { ifindex: 5, lower: ['br0'] } },
    ],
    [
      'the card of Hyper-V over a faster one',
      { eth2: { ifindex: 4, driver: 'hv_netvsc', lower: ['eth0', 'eth1'] } },
    ],
    ['a monitor', { mon0: { ifindex: 4, type: 803, driver: 'iwlwifi' } }],
    ['a tunnel', { wg0: { ifindex: 4, type: 65534 } }],
  ])('[G7] on a machine with two network cards, %s is not counted again', async (_, extra) => {
    const folder = sysNet({ eth0: card, eth1: { ifindex: 3, driver: 'igb' }, ...extra });
    expect(await total(folder, ['eth0', 'eth1', ...Object.keys(extra)])).toBe(2000);
  });

  it('[G7] what stands for a guest’s share of a card is not counted, once the card has told so', async () => {
    const folder = sysNet({
      eth0: { ...card, files: { phys_port_name: 'p0', phys_switch_id: '0a' } },
      eth1: { ifindex: 3, driver: 'mlx5_core', files: { phys_port_name: 'pf0vf1', phys_switch_id: '0a' } },
    });
    const links = createLinks(folder);
    await links.ask(['eth0', 'eth1']);
    const at = (bytes: number) => netdev({ eth0: bytes, eth1: bytes });
    expect(await last(createNetwork(folder, links), at(5000), at(6000))).toMatchObject({ net_rx: 1000 });
  });

  it('[L6] hundreds of containers’ ends come and go without a field; a host’s other interfaces are shown', async () => {
    const names = Array.from({ length: 360 }, (_, index) => `cali${index.toString(16).padStart(11, '0')}`);
    const pairs = names.map((name, index) => [name, { ifindex: 10 + index, iflink: 3 }] as const);
    const folder = sysNet({
      eth0: card,
      'vxlan.calico': { ifindex: 3, type: 1, files: { uevent: 'DEVTYPE=vxlan' } },
      // Names that no tool is known for; Cilium, Amazon and others have their own.
      eni0123: { ifindex: 4, iflink: 9 },
      lxc_health: { ifindex: 5, iflink: 9 },
      ...Object.fromEntries(pairs),
    });
    const at = (bytes: number) =>
      netdev(
        Object.fromEntries(
          ['eth0', 'vxlan.calico', 'eni0123', 'lxc_health', ...names].map((name) => [name, bytes]),
        ),
      );
    const fields = await last(createNetwork(folder), at(5000), at(6000));
    const shown = Object.keys(fields ?? {}).filter((name) => name.endsWith(':rx'));
    expect(shown).toEqual(['interface:eth0:rx', 'interface:vxlan.calico:rx']);
    expect(fields).toMatchObject({ net_rx: 1000 });
  });

  it('[G8] a receive counter that jumps to 1.8e19 and back leaves out its interface and the totals for two seconds', async () => {
    const lies = [1, 2, 3].map((number) => fixture(`netdev-lie-${number}.txt`));
    const before = lies[0]?.replace('1000000', '900000').replace('500000', '400000');
    const after = lies[2]?.replace('3000000', '3500000').replace('1500000', '1600000');
    const answers = await over(createNetwork(sysNet({ eth0: card })), before, ...lies, after);
    expect(answers[1]).toMatchObject({ net_rx: 100_000, 'interface:eth0:rx': 100_000 });
    for (const second of [2, 3]) expect(JSON.stringify(answers[second])).not.toMatch(/_rx|:rx|:tx|e\+|\d{8}/);
    expect(answers[4]).toMatchObject({ net_rx: 500_000, net_tx: 100_000, 'interface:eth0:rx': 500_000 });
  });

  it('[G8] a counter that jumps lets the other interface be measured, but no total is drawn as a dip', async () => {
    const folder = sysNet({ eth0: card, eth1: { ifindex: 3, driver: 'igb' } });
    const texts = [1000, 2000, 3e15, 4000, 5000].map((bytes, second) =>
      netdev({ eth0: bytes, eth1: second * 1000 + 500 }),
    );
    const answers = await over(createNetwork(folder), ...texts);
    expect(answers.map((fields) => fields !== 'absent' && fields['net_rx'])).toEqual([
      ...[undefined, 2000, undefined, undefined, 2000],
    ]);
    expect(answers[2]).toMatchObject({ 'interface:eth1:rx': 1000 });
    expect(answers[2]).not.toHaveProperty('interface:eth0:rx');
  });

  it('[G8] no link moves more than its speed, and a link that became faster is asked again', async () => {
    const slow = sysNet({ eth0: { ...card, speed: 100 } });
    const links = createLinks(slow);
    await links.ask(['eth0']);
    // 100 Mbit/s are 12.5 MB/s; a counter may come a second late.
    const texts = [1000, 20e6, 60e6, 100e6].map((bytes) => netdev({ eth0: bytes }));
    const answers = await over(createNetwork(slow, links), ...texts);
    expect(answers[1]).toHaveProperty('net_rx');
    expect(answers[2]).not.toHaveProperty('net_rx');

    const asked: string[][] = [];
    const network = createNetwork(slow, {
      of: links.of,
      ask: async (names) => void asked.push([...names]),
    });
    await over(network, ...texts);
    // At first, for the interface that has no rate yet, and for the rate above its speed.
    expect(asked).toEqual([['eth0'], ['eth0'], ['eth0']]);
  });

  it('[L6] network cards are not asked again when containers come and go', async () => {
    const folder = sysNet({ eth0: card, cali1: { ifindex: 3, iflink: 9 }, cali2: { ifindex: 4, iflink: 9 } });
    let times = 0;
    const network = createNetwork(folder, { of: () => undefined, ask: async () => void times++ });
    const at = (bytes: number, ...ends: string[]) =>
      netdev({ eth0: bytes, ...Object.fromEntries(ends.map((name) => [name, bytes])) });
    await over(network, at(1000), at(2000));
    const before = times;
    await network.collect(contextAt(2000, () => at(3000, 'cali1')));
    await network.collect(contextAt(3000, () => at(4000, 'cali2')));
    expect(times).toBe(before);
  });

  it('[G8] a speed that does not limit, or is not known, limits nothing', async () => {
    const folder = sysNet({
      vm0: { ifindex: 2, driver: 'vmxnet3', speed: 10 },
      down0: { ifindex: 3, driver: 'e1000e', speed: -1 },
      wlan0: { ifindex: 4, driver: 'iwlwifi' },
    });
    const links = createLinks(folder);
    await links.ask(['vm0', 'down0', 'wlan0']);
    const at = (bytes: number) => netdev({ vm0: bytes, down0: bytes, wlan0: bytes });
    expect(await last(createNetwork(folder, links), at(0), at(5e9))).toMatchObject({ net_rx: 15e9 });
  });

  it('[G3] interfaces are measured while a network card does not answer', async () => {
    const folder = sysNet({ eth0: { ...card, speed: 1000 } });
    const silent = createNetwork(folder, {
      of: () => undefined,
      ask: () => new Promise<never>(() => undefined),
    });
    expect(await last(silent, netdev({ eth0: 1000 }), netdev({ eth0: 2000 }))).toMatchObject({
      net_rx: 1000,
    });
  });

  it('an interface has no rate when its counter went back', async () => {
    const answer = await last(createNetwork(HIDDEN), grown, fixture('netdev.txt'));
    expect(answer).toMatchObject({ 'interface:docker0:rx': 0 });
    expect(JSON.stringify(answer)).not.toMatch(/eth0|-\d/);
  });

  it('an interface that becomes the port of a bond is counted anew within a minute', async () => {
    const folder = sysNet({ eth0: card, bond0: { ifindex: 4, driver: 'bonding' } });
    const network = createNetwork(folder);
    const at = async (second: number) =>
      network.collect(contextAt(second * 1000, () => netdev({ eth0: 1000 * second, bond0: 1000 * second })));
    await at(1);
    expect(await at(2)).toMatchObject({ net_rx: 2000 });
    const { symlinkSync } = await import('node:fs');
    symlinkSync('../eth0', `${folder}/bond0/lower_eth0`);
    expect(await at(62)).toMatchObject({ net_rx: 1000 });
  });
});
