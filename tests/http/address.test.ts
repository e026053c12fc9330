import { describe, expect, test } from 'vitest';
import { clientAddress, isIn, networkOf, normalAddress, parseNetworks } from '../../server/http/address.ts';

const V4_IN_V6 = '0000:0000:0000:0000:0000:ffff:0a01:0203';

describe('networks', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', V4_IN_V6, true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['::ffff:10.1.2.3', '10.1.2.3', true],
    ['2001:db8::/32', '2001:db8::5', true],
    ['2001:db8::/32', '2001:db9::5', false],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '::1', true],
    ['10.0.0.0/8', 'not an address', false],
    ['10.0.0.0/8', '', false],
  ])('isIn("%s", "%s") is %s', (network, address, expected) => {
    expect(isIn(parseNetworks([network]), address)).toBe(expected);
  });

  test.each([
    '',
    'x',
    '10.0.0.0/33',
    '10.0.0.256',
    '10',
    '10.0.0',
    '0x7f.1',
    '10.0/8',
    'fe80::/129',
    '1.2.3.4/',
  ])('"%s" is refused as a network', (text) => {
    expect(() => parseNetworks(['10.0.0.0/8', text])).toThrow(
      `"${text}" is neither an IP address nor a network`,
    );
  });

  test('no address is in an empty list of networks', () => {
    expect(isIn([], '127.0.0.1')).toBe(false);
  });
});

describe('client addresses behind proxies', () => {
  const trusted = parseNetworks(['127.0.0.1', '10.0.0.0/8']);
  test.each([
    ['of an untrusted peer is its own, whatever the header says', '8.8.8.8', '1.2.3.4', '8.8.8.8'],
    ['without the header is that of the peer', '127.0.0.1', '', '127.0.0.1'],
    ['is the only hop in the header', '127.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['of a hop written as IPv6 is IPv4', '127.0.0.1', '::ffff:1.2.3.4', '1.2.3.4'],
    [
      'is what the proxy saw, not what the client claims left of it',
      '127.0.0.1',
      '6.6.6.6, 1.2.3.4',
      '1.2.3.4',
    ],
    ['is the right-most hop that is no trusted proxy', '127.0.0.1', '1.2.3.4, 10.0.0.5', '1.2.3.4'],
    ['is that of the peer when the right-most hop is rubbish', '127.0.0.1', '1.2.3.4, rubbish', '127.0.0.1'],
    ['is that of the peer when all hops are trusted proxies', '127.0.0.1', '10.0.0.1', '127.0.0.1'],
  ])('the client address %s', (_, peer, header, address) => {
    expect(clientAddress(peer, header, trusted)).toBe(address);
  });
});

test('normalAddress writes addresses in the usual short form', () => {
  expect(normalAddress(V4_IN_V6)).toBe('10.1.2.3');
  expect(normalAddress('0000:0000:0000:0000:0000:0000:0000:0001')).toBe('::1');
  expect(normalAddress('')).toBe('');
});

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['::1', '::/64'],
  ['', ''],
])('[S5] the address %s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('[S5] an IPv6 address can be counted by a wider network', () => {
  expect(networkOf('2001:db8:1:2::1', 48)).toBe('2001:db8:1::/48');
  expect(networkOf('1.2.3.4', 48)).toBe('1.2.3.4');
});
