/** What the RFCs say of requests and replies, on the wire. */
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLog } from '../../server/app/log.ts';
import { createHttp } from '../../server/http/http.ts';
import { NOBODY, route, routeWithBytes } from '../../server/http/route.ts';
import { acceptsBrotli } from '../../server/http/send.ts';

const http = createHttp({ tls: null, log: createLog('silent') });
let port = 0;
/** Whether the session of those who ask is valid. */
let isAlive = true;

beforeAll(async () => {
  const page = {
    contentType: 'text/plain',
    cacheControl: 'no-cache',
    etag: 'W/"tag"',
    plain: Buffer.from('plain'),
    brotli: Buffer.from('brotli'),
  };
  http.serve({
    routes: [
      route({
        method: 'GET',
        path: '/things/:id',
        access: 'public',
        summary: '',
        handle: ({ request }) => ({ address: request.address, id: request.params[0] }),
      }),
      route({ method: 'DELETE', path: '/things/:id', access: 'public', summary: '', handle: () => ({}) }),
      route({
        method: 'GET',
        path: '/slow',
        access: 'display',
        summary: '',
        handle: () => {
          isAlive = false;
          return { secret: 'seen' };
        },
      }),
      routeWithBytes({ method: 'POST', path: '/post', access: 'public', summary: '', handle: () => ({}) }),
    ],
    sessionAlive: () => isAlive,
    guard: () => NOBODY,
    files: { find: () => page },
    trustedProxies: [],
  });
  port = await http.listen('::', 0);
});
afterAll(() => http.close());

/** Sends a head without a body; resolves with the whole reply. */
function ask(firstLine: string, headers: readonly string[] = ['Host: localhost'], to = '127.0.0.1') {
  return new Promise<string>((resolve, reject) => {
    const socket = connect(port, to);
    let reply = '';
    socket.on('data', (bytes) => (reply += String(bytes)));
    socket.on('error', reject);
    socket.on('close', () => resolve(reply));
    socket.write(`${[`${firstLine} HTTP/1.1`, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  });
}

test('[W1] a session that ends while its request is answered is not told the answer', async () => {
  const reply = await ask('GET /slow');
  expect(reply).toMatch(/^HTTP\/1.1 401 /);
  expect(reply).not.toContain('seen');
});

describe('methods', () => {
  test.each([
    ['PUT /things/a', 'GET, HEAD, DELETE'],
    ['OPTIONS /things/a', 'GET, HEAD, DELETE'],
    ['GET /post', 'POST'],
    ['HEAD /post', 'POST'],
    ['POST /ui/page', 'GET, HEAD'],
    ['DELETE /', 'GET, HEAD'],
  ])('%s is answered with 405 and names the methods that are allowed', async (firstLine, allowed) => {
    const reply = await ask(firstLine);
    expect(reply).toMatch(/^HTTP\/1.1 405 /);
    expect(/^allow: (.*)$/im.exec(reply)?.[1]).toBe(allowed);
  });

  test('HEAD has the headers of GET and no body', async () => {
    const [get, head] = [await ask('GET /ui/page'), await ask('HEAD /ui/page')];
    expect(get).toContain('plain');
    expect(head.split('\r\n\r\n')[1]).toBe('');
    expect(head).toMatch(/content-length: 5/i);
  });

  test('a part of a path is decoded once', async () => {
    expect(await ask('GET /things/a%2Fb%2525')).toContain('"id":"a/b%25"');
    expect(await ask('GET /things/%zz')).toContain('"id":"%zz"');
  });
});

describe('the Host header', () => {
  test.each([
    ['two Host headers', ['Host: a', 'Host: b']],
    ['twice the same Host header', ['Host: a', 'Host: a']],
    ['a quote', [`Host: a';id;'`]],
    ['a user', ['Host: a@b']],
    ['a path', ['Host: a/b']],
  ])('[S6] a request with %s is answered with 400', async (_, headers) => {
    expect(await ask('GET /things/a', headers)).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe('files', () => {
  test.each([
    ['W/"tag"', 304],
    ['"tag"', 304],
    ['"x", W/"tag", "y"', 304],
    ['*', 304],
    ['"x", "y"', 200],
    ['tag', 200],
  ])('If-None-Match: %s is answered with %i', async (value, status) => {
    const reply = await ask('GET /ui/page', ['Host: localhost', `If-None-Match: ${value}`]);
    expect(reply).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test.each([
    ['br', true],
    ['gzip, deflate, br', true],
    ['gzip;q=1, br; q=0.5', true],
    ['*', true],
    ['BR', true],
    ['br;q=0', false],
    ['gzip, br;q=0.000', false],
    ['*;q=0', false],
    ['*, br;q=0', false],
    ['gzip', false],
    ['', false],
    ['brotli', false],
  ])('acceptsBrotli("%s") is %s', (header, expected) => {
    expect(acceptsBrotli(header)).toBe(expected);
  });

  test('without TLS no page makes browsers remember HTTPS', async () => {
    expect(await ask('GET /ui/page')).not.toMatch(/strict-transport-security/i);
  });
});

describe('listening on all addresses', () => {
  const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  const addresses = hasIPv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

  test.each(addresses)('the server is reached by %s, and reads the address in its short form', async (to) => {
    expect(await ask('GET /things/a', undefined, to)).toContain(`"address":"${to}"`);
  });
});
