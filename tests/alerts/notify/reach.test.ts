import { describe, expect, it } from 'vitest';
import { reachOf } from '../../../server/alerts/notify/reach.ts';

describe('reachOf', () => {
  it.each(['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1'])(
    'a channel may always connect to the public address %s',
    (address) => expect(reachOf(address)).toBe('public'),
  );

  it.each([
    ...['127.0.0.1', '127.255.255.254', '10.1.2.3', '172.31.0.1', '192.168.1.1', '100.64.0.1'],
    ...['::1', 'fd12::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '0:0:0:0:0:ffff:a00:1'],
    ...['64:ff9b::10.0.0.1', '2002:7f00:1::', '2002:c0a8:101::1', '::ffff:0:127.0.0.1'],
    ...['0x7f.1', '2130706433', '0177.0.0.1'],
  ])('the address %s is in a private network, in whatever spelling', (address) =>
    expect(reachOf(address)).toBe('private'),
  );

  it.each([
    ...['169.254.169.254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '0xa9fea9fe'],
    ...['fe80::1', 'fe80::1%eth0', 'fd00:ec2::254', 'FD00:EC2:0::254', '100.100.100.200', '168.63.129.16'],
    ...['::ffff:100.100.100.200', '0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255', '240.0.0.1'],
    ...['192.0.0.192', '198.18.0.1', '2001:db8::1', '2001::1', 'fec0::1', '4000::1', '100::1', 'x', ''],
  ])('no channel may connect to %s, whatever an administrator allows', (address) =>
    expect(reachOf(address)).toBe('never'),
  );
});
