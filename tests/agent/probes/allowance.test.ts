import { expect, it } from 'vitest';
import { allowanceProblem, createAllowance } from '../../../agent/probes/allowance.ts';
import { networkOf } from '../../../agent/probes/networks.ts';

it.each([
  ['8.8.8.8', 'public'],
  ['2606:4700::1111', 'public'],
  ['10.1.2.3', 'private'],
  ['172.31.0.1', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['2001:db8::1', 'private'],
  ['127.0.0.1', 'local'],
  ['127.9.9.9', 'local'],
  ['::1', 'local'],
  ['169.254.169.254', 'special'],
  ['fe80::1', 'special'],
  ['fd00:ec2::254', 'special'],
  ['fd20:ce::254', 'special'],
  ['168.63.129.16', 'special'],
  ['100.100.100.200', 'special'],
  ['0.0.0.0', 'never'],
  ['::', 'never'],
  ['224.0.0.1', 'never'],
  ['255.255.255.255', 'never'],
  ['ff02::1', 'never'],
  // Addresses that carry others.
  ['::ffff:127.0.0.1', 'local'],
  ['::ffff:a9fe:a9fe', 'special'],
  ['::ffff:8.8.8.8', 'public'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['64:ff9b::a9fe:a9fe', 'special'],
  ['2002:7f00:1::', 'local'],
  ['::7f00:1', 'local'],
  ['2001:0:a9fe:a9fe::1', 'private'],
])('[G6] %s belongs to a network that is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

const allows = (setting: string, address: string, port: number | undefined = 443, host = address) =>
  createAllowance(setting).allows({ host, address, port });

it('by default an agent may probe the internet alone', () => {
  expect(allows('public', '8.8.8.8')).toBe(true);
  for (const address of ['127.0.0.1', '10.0.0.1', 'fd00::1', '169.254.169.254', '::ffff:10.0.0.1'])
    expect(allows('public', address)).toBe(false);
});

it('an agent whose setting is “off” may probe nothing', () => {
  expect(allows('off', '8.8.8.8')).toBe(false);
});

it('an agent may probe what its setting names: words, networks, addresses, hosts, ports', () => {
  expect(allows('local', '127.0.0.1')).toBe(true);
  expect(allows('10.0.0.0/24', '10.0.0.9')).toBe(true);
  expect(allows('10.0.0.0/24', '10.0.1.9')).toBe(false);
  expect(allows('fd00::/8', 'fd12::1')).toBe(true);
  expect(allows('10.0.0.5:5432', '10.0.0.5', 5432)).toBe(true);
  expect(allows('10.0.0.5:5432', '10.0.0.5', 22)).toBe(false);
  expect(allows('10.0.0.5:8000-8100', '10.0.0.5', 8080)).toBe(true);
  expect(allows('[fd00::5]:22', 'fd00::5', 22)).toBe(true);
  expect(allows('db.lan:5432', '10.0.0.5', 5432, 'DB.lan')).toBe(true);
  expect(allows('*.lan', '10.0.0.5', 5432, 'db.lan')).toBe(true);
  expect(allows('*.lan', '10.0.0.5', 5432, 'evil-lan')).toBe(false);
  expect(allows('*.lan', '10.0.0.5', 5432, 'lan')).toBe(false);
  expect(allows('public,10.0.0.5', '10.0.0.5')).toBe(true);
});

it('a setting with a port allows no ping', () => {
  expect(createAllowance('10.0.0.5:22').allows({ host: '', address: '10.0.0.5', port: undefined })).toBe(
    false,
  );
  expect(createAllowance('10.0.0.5').allows({ host: '', address: '10.0.0.5', port: undefined })).toBe(true);
});

it('[G6] an agent never probes link-local addresses and the metadata of clouds unless its setting names them by address', () => {
  for (const setting of ['all', '0.0.0.0/0', '::/0', 'meta.lan', '*.lan', 'fd00::/8', '169.0.0.0/8'])
    for (const address of ['169.254.169.254', 'fd00:ec2::254', '::ffff:169.254.169.254'])
      expect(allows(setting, address, 80, 'meta.lan')).toBe(false);
  expect(allows('169.254.169.254', '169.254.169.254', 80)).toBe(true);
  expect(allows('169.254.0.0/16', '169.254.1.1', 80)).toBe(true);
});

it('an agent never probes what is no single machine', () => {
  for (const address of ['0.0.0.0', '224.0.0.1', '255.255.255.255', 'ff02::1'])
    expect(allows('all,0.0.0.0/0,::/0', address)).toBe(false);
});

it.each([
  ['public', { host: '10.0.0.5', address: '10.0.0.5', port: 5432 }, 'WATCHFLOOR_PROBES=public,10.0.0.5:5432'],
  ['public', { host: 'db.lan', address: '10.0.0.5', port: 5432 }, 'WATCHFLOOR_PROBES=public,db.lan:5432'],
  ['local', { host: 'fd00::5', address: 'fd00::5', port: 22 }, 'WATCHFLOOR_PROBES=local,[fd00::5]:22'],
  ['public', { host: '10.0.0.5', address: '10.0.0.5', port: undefined }, 'WATCHFLOOR_PROBES=public,10.0.0.5'],
  [
    'all',
    { host: 'meta.lan', address: '169.254.169.254', port: 80 },
    'WATCHFLOOR_PROBES=all,169.254.169.254:80',
  ],
] as const)(
  'with the setting %s, the refusal’s line that would allow %j is %s',
  (setting, destination, line) => {
    const { remedy } = createAllowance(setting).refusal(destination);
    expect(remedy).toBe(line);
    const changed = remedy.replace('WATCHFLOOR_PROBES=', '');
    expect(allowanceProblem(changed)).toBeUndefined();
    expect(createAllowance(changed).allows(destination)).toBe(true);
  },
);

it.each([
  ['', 'must be'],
  ['everything', undefined],
  ['10.0.0.0/33', '10.0.0.0/33'],
  ['10.0.0.5:0', '10.0.0.5:0'],
  ['a b', 'a b'],
  ['http://a', 'http://a'],
  ['off,public', 'stands alone'],
  ['*', '“*”'],
])('the setting “%s” of what may be probed is wrong or right', (setting, problem) => {
  if (problem === undefined) expect(allowanceProblem(setting)).toBeUndefined();
  else expect(allowanceProblem(setting)).toContain(problem);
});
