import { describe, expect, it } from 'vitest';
import { EnrollmentError, formatEnrollment, isLoopback, parseEnrollment } from '#protocol/enrollment.ts';

const ca = '0123456789abcdef'.repeat(4);

describe('enrollment strings', () => {
  it.each([
    { key: 'wfe_k3y', host: 'watch.example.org', port: 8443, ca, tls: true },
    { key: 'wfe_k3y', host: '192.0.2.7', port: 443, ca: null, tls: true },
    { key: 'wfe_k3y', host: '2001:db8::7', port: 8443, ca, tls: true },
    { key: 'a/b+c=@?', host: 'localhost', port: 8443, ca: null, tls: false },
    { key: 'wfe_k3y', host: '::1', port: 9000, ca: null, tls: false },
    { key: 'wfe_k3y', host: 'fe80::7%eth0.12', port: 8443, ca, tls: true },
    { key: 'wfe_k3y', host: 'site.example', port: 443, ca: null, tls: true, path: '/tools/watchfloor' },
  ])('an enrollment string for $host has the same parts after formatting and parsing', (enrollment) => {
    expect(parseEnrollment(formatEnrollment(enrollment))).toEqual(enrollment);
  });

  it('an enrollment string may have blanks around it, no port, and a fingerprint with colons', () => {
    const colons = ca.toUpperCase().replace(/(..)(?=.)/g, '$1:');
    expect(parseEnrollment(`  watchfloor://k@Host?ca=${colons}\n`)).toEqual({
      key: 'k',
      host: 'host',
      port: 8443,
      ca,
      tls: true,
    });
  });

  it.each([
    ['watchfloor://k@wächter.example', { host: 'xn--wchter-bua.example' }],
    ['watchfloor://k@WÄCHTER.example:9000', { host: 'xn--wchter-bua.example', port: 9000 }],
    ['watchfloor://k@監視.example', { host: 'xn--6zyw21b.example' }],
    ['watchfloor://k@[fe80::1%eth0]:9000', { host: 'fe80::1%eth0', port: 9000 }],
    ['watchfloor://k@host/watchfloor/', { path: '/watchfloor' }],
  ])('the enrollment string "%s" names the place as the network knows it', (text, parts) => {
    expect(parseEnrollment(text)).toMatchObject(parts);
  });

  it.each([
    ['https://k@host:8443', /does not begin with "watchfloor:\/\/"/],
    ['', /does not begin with/],
    ['watchfloor://k@host:99999', /host or port is wrong/],
    ['watchfloor://k@host:0', /port 0/],
    ['watchfloor://k@[::1', /host or port is wrong/],
    ['watchfloor://host:8443', /no key before the "@"/],
    ['watchfloor://k:p@host:8443', /":" in its key/],
    ['watchfloor://%zz@host:8443', /broken "%" sequence/],
    ['watchfloor://k@host/ui', /has the path \/ui, which.*does not end in \/ui/],
    ['watchfloor://k@host/a b', /has the path/],
    ['watchfloor://k@host/$(id)', /has the path/],
    ['watchfloor://k@a%20b', /no name/],
    [`watchfloor://k@host?ca=${ca.slice(1)}`, /63 characters.*cut or changed/],
    ['watchfloor://k@host?tls=off', /loopback|127\.0\.0\.1/],
    [`watchfloor://k@127.0.0.1?tls=off&ca=${ca}`, /both "ca" and "tls=off"/],
    ['watchfloor://k@127.0.0.1.evil.example?tls=off', /127\.0\.0\.1, ::1 and localhost only/],
    ['watchfloor://k@host?tls=maybe', /tls=maybe/],
    ['watchfloor://k@host?pin=1', /"pin"/],
  ])('the enrollment string "%s" is refused with a reason', (text, reason) => {
    expect(() => parseEnrollment(text)).toThrow(EnrollmentError);
    expect(() => parseEnrollment(text)).toThrow(reason);
  });

  it('an error about an enrollment string never contains the key', () => {
    for (const text of ['watchfloor://s3cret@host?ca=1', 'watchfloor://s3cret@host:99999', 's3cret'])
      expect(() => parseEnrollment(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('s3cret') }),
      );
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.5.5.5', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:7f00:1', true],
  ['::ffff:10.0.0.1', false],
  ['127.0.0.256', false],
  ['127.0.0.1.example.com', false],
  ['localhost.example.com', false],
  ['', false],
  ['::ffff:7.240.0.1', false],
  ['::ffff:0.127.0.1', false],
  ['::ffff:127.255.255.254', true],
])('[S1] isLoopback("%s") is %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
