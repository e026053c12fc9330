import { expect, it } from 'vitest';
import {
  parseHost,
  parseHostPort,
  parsePage,
  parseResolver,
  statusMatches,
} from '#protocol/probe-targets.ts';
import { listedProbe, probeCreate } from '#protocol/probes.ts';

it.each([
  ['example.org', 'example.org'],
  ['EXAMPLE.org', 'example.org'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['192.0.2.1', '192.0.2.1'],
  ['0x7f.1', '127.0.0.1'],
  ['2130706433', '127.0.0.1'],
  ['::1', '::1'],
  ['[2001:DB8::1]', '2001:db8::1'],
  ['my_host', 'my_host'],
])('the host %s is %s', (input, host) => {
  expect(parseHost(input)).toBe(host);
});

it.each([
  '',
  ' ',
  'a b',
  'http://a',
  'a/b',
  'user@host',
  'a:80',
  '-rf /',
  'a\\b',
  '%31',
  'a#b',
  '*',
  '*.a',
  'x'.repeat(300),
])('“%s” is no host', (input) => {
  expect(parseHost(input)).toBeUndefined();
});

it.each([
  ['db.example.org:5432', { host: 'db.example.org', port: 5432 }],
  ['[::1]:22', { host: '::1', port: 22 }],
  ['db:0', undefined],
  ['db:65536', undefined],
  ['::1', undefined],
  ['db', undefined],
])('%s as a host and a port', (input, place) => {
  expect(parseHostPort(input)).toEqual(place);
});

it('a page is http or https, without a user', () => {
  expect(parsePage('https://example.org/a?b')?.href).toBe('https://example.org/a?b');
  for (const wrong of [
    'file:///etc/passwd',
    'ftp://a',
    'https://u:p@a/',
    'javascript:alert(1)',
    'a',
    'http://',
  ])
    expect(parsePage(wrong)).toBeUndefined();
});

it('a resolver is an address, with port 53 unless it names one', () => {
  expect(parseResolver('192.0.2.53')).toEqual({ host: '192.0.2.53', port: 53 });
  expect(parseResolver('[2001:db8::53]:5353')).toEqual({ host: '2001:db8::53', port: 5353 });
  expect(parseResolver('dns.example.org')).toBeUndefined();
});

it('a list of statuses has single ones and ranges', () => {
  expect(statusMatches('200-299,401', 204)).toBe(true);
  expect(statusMatches('200-299,401', 401)).toBe(true);
  expect(statusMatches('200-299,401', 302)).toBe(false);
});

const web = { kind: 'http', name: 'Web', target: 'https://example.org/', scope: {} };

it('a probe has everything that it does not say from the defaults', () => {
  expect(probeCreate.parse(web)).toEqual({
    ...web,
    interval_s: 30,
    timeout_s: 5,
    tries: 3,
    method: 'GET',
    status: '200-299',
    contains: '',
    lacks: '',
    redirects: true,
    certificate: true,
    ip: 'any',
    scope: { devices: [], tags: [], name: '' },
    on: true,
  });
});

it.each([
  ['runs more often than every 5 s', { interval_s: 1 }],
  ['takes longer than half a minute', { timeout_s: 31 }],
  ['has another method', { method: 'POST' }],
  ['has a status that is none', { status: 'ok' }],
  ['has an option that there is not', { command: 'reboot' }],
  ['is of another kind', { kind: 'exec' }],
  ['is without a name', { name: ' ' }],
  ['is without a place', { scope: undefined }],
])('[G6] a probe that %s is refused', (_, change) => {
  expect(probeCreate.safeParse({ ...web, ...change }).success).toBe(false);
});

it('an agent takes no option that it does not know', () => {
  const { scope: _, ...work } = probeCreate.parse(web);
  const { on: __, ...listed } = { ...work, id: 'a', asked_at: 0 };
  expect(listedProbe.safeParse(listed).success).toBe(true);
  expect(listedProbe.safeParse({ ...listed, body: 'x' }).success).toBe(false);
});
