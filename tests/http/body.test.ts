import { request as ask, type ClientRequest, type IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseNetworks } from '../../server/http/address.ts';
import { createHttp } from '../../server/http/http.ts';
import { inflate } from '../../server/http/inflate.ts';
import { Reply } from '../../server/http/request.ts';
import { NOBODY, route, routeWithBytes } from '../../server/http/route.ts';
import { createLog } from '../../server/app/log.ts';
import { ApiError } from '../../server/protocol/errors.ts';

const MIB = 1024 * 1024;
const http = createHttp({ tls: null, log: createLog('silent') });
let port = 0;
let waiting: (() => void)[] = [];
/** Resolves when the next request has reached the guard. */
const nextRequest = () => new Promise<void>((resolve) => waiting.push(resolve));

beforeAll(async () => {
  http.serve({
    routes: [
      routeWithBytes({
        method: 'POST',
        path: '/echo',
        access: 'device',
        summary: '',
        admit(request) {
          const device = request.header('authorization');
          if (device === 'stranger') throw new ApiError('invalid_token');
          return device;
        },
        handle: ({ raw }) => ({ bytes: raw.length }),
      }),
      routeWithBytes({
        method: 'POST',
        path: '/public',
        access: 'public',
        summary: '',
        handle: ({ raw }) => ({ bytes: raw.length }),
      }),
      routeWithBytes({ method: 'POST', path: '/refused', access: 'admin', summary: '', handle: () => ({}) }),
      route({
        method: 'GET',
        path: '/fault',
        access: 'public',
        summary: '',
        handle() {
          throw new TypeError('a secret of the server');
        },
      }),
      route({
        method: 'GET',
        path: '/where',
        access: 'public',
        summary: '',
        handle: ({ request }) => ({ address: request.address }),
      }),
      route({ method: 'DELETE', path: '/gone', access: 'public', summary: '', handle: () => new Reply(204) }),
    ],
    sessionAlive: () => true,
    guard: ({ path }) => {
      for (const resolve of waiting) resolve();
      waiting = [];
      return path === '/refused' ? Promise.reject(new ApiError('forbidden')) : Promise.resolve(NOBODY);
    },
    files: { find: () => undefined },
    trustedProxies: parseNetworks(['127.0.0.1']),
  });
  port = await http.listen('127.0.0.1', 0);
});
afterAll(() => {
  http.close();
});

function openPost(path: string, headers: Record<string, string | number> = {}): ClientRequest {
  const request = ask({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false });
  request.on('error', () => undefined);
  return request;
}
async function answerOf(request: ClientRequest): Promise<{ status: number; text: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}
/** The next text that the server sends. */
const nextText = (socket: Socket) =>
  new Promise<string>((resolve) => socket.once('data', (text) => resolve(String(text))));
const post = (path: string, body: Buffer | string) => {
  const request = openPost(path);
  const answer = answerOf(request);
  request.end(body);
  return answer;
};

describe('bodies', () => {
  test('[I6] half a body of a client that disconnects stops counting against the limit at once', async () => {
    // 140 times half a MiB: together more than the 64 MiB that may arrive at one time.
    for (let i = 0; i < 140; i++) {
      const arrived = nextRequest();
      const request = openPost('/echo', { 'content-length': MIB });
      await new Promise((written) => request.write(Buffer.alloc(MIB / 2), written));
      await arrived;
      request.destroy();
      await new Promise((closed) => request.once('close', closed));
    }
    expect((await post('/echo', 'x')).status).toBe(200);
  });

  test('[I6] half a body of a request that is refused early stops counting against the limit', async () => {
    for (let i = 0; i < 140; i++) {
      const request = openPost('/refused', { 'content-length': MIB });
      const answer = answerOf(request);
      request.write(Buffer.alloc(MIB / 2));
      expect((await answer).status).toBe(403);
      request.destroy();
    }
    expect((await post('/echo', 'x')).status).toBe(200);
  });

  /** Starts bodies of 1 MiB, each by the next device, and sends half of each. */
  async function openHalves(count: number, devices: number) {
    const halves: { request: ClientRequest; answer: Promise<{ status: number }> }[] = [];
    for (let i = 0; i < count; i++) {
      const request = openPost('/echo', { 'content-length': MIB, authorization: `holder-${i % devices}` });
      const answer = answerOf(request);
      answer.catch(() => undefined);
      await new Promise((written) => request.write(Buffer.alloc(MIB / 2), written));
      halves.push({ request, answer });
    }
    return halves;
  }

  test('[I6] unfinished bodies of one device are refused past its share, and those of others are not', async () => {
    const halves = await openHalves(40, 1);
    expect((await Promise.race(halves.map(({ answer }) => answer))).status).toBe(503);
    expect((await post('/echo', Buffer.alloc(MIB))).status).toBe(200);
    for (const { request } of halves) request.destroy();
  });

  test('[S5] past the budget the oldest unfinished body is given up, and new ones are taken', async () => {
    // 150 times half a MiB, from 25 devices: more than the 64 MiB that may arrive at one time.
    const halves = await openHalves(150, 25);
    expect((await halves[0]?.answer)?.status).toBe(503);
    expect((await post('/echo', Buffer.alloc(MIB))).status).toBe(200);
    const newest = halves.at(-1);
    newest?.request.end(Buffer.alloc(MIB / 2));
    expect((await newest?.answer)?.status).toBe(200);
    for (const { request } of halves) request.destroy();
  });

  test('[S5] a stranger may send 16 KiB, on the wire and inflated, and no more', async () => {
    expect((await post('/public', Buffer.alloc(16 * 1024))).status).toBe(200);
    expect((await post('/public', Buffer.alloc(16 * 1024 + 1))).status).toBe(413);
    const bomb = openPost('/public', { 'content-encoding': 'gzip' });
    const answer = answerOf(bomb);
    bomb.end(gzipSync(Buffer.alloc(16 * 1024 + 1)));
    expect((await answer).status).toBe(413);
    const chunked = openPost('/public', { 'transfer-encoding': 'chunked' });
    const refused = answerOf(chunked);
    for (let i = 0; i < 5; i++) chunked.write(Buffer.alloc(4096));
    expect((await refused).status).toBe(413);
    chunked.destroy();
  });

  test('[S5] a device without a valid token is refused before its body arrives, and may ask again', async () => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    const head = `POST /echo HTTP/1.1\r\nHost: x\r\nAuthorization: stranger\r\nContent-Length: 100000\r\n\r\n`;
    socket.write(head);
    expect(await nextText(socket)).toMatch(/^HTTP\/1.1 401 /);
    socket.write('x'.repeat(100_000));
    socket.write('GET /where HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await nextText(socket)).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
  });

  test.each([
    ['a body that is declared too long', `Content-Length: ${MIB + 1}\r\n\r\n`],
    ['a chunked body that is too long', `Transfer-Encoding: chunked\r\n\r\n100001\r\n${'x'.repeat(MIB + 1)}`],
  ])('%s is refused with 413, and the connection closes as the answer says', async (_, rest) => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    const closed = new Promise((resolve) => socket.once('end', resolve));
    socket.write(`POST /echo HTTP/1.1\r\nHost: x\r\n${rest}`);
    const answer = await nextText(socket);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer.match(/connection: close/gi)).toHaveLength(1);
    await closed;
    socket.destroy();
  });

  test('[I4] a chunked body past the limit is refused while it arrives', async () => {
    const request = openPost('/echo', { 'transfer-encoding': 'chunked' });
    const answer = answerOf(request);
    for (let i = 0; i < 3; i++) request.write(Buffer.alloc(MIB / 2));
    expect((await answer).status).toBe(413);
    request.destroy();
  });

  test('[I4] a body of exactly 1 MiB is accepted', async () => {
    expect(await post('/echo', Buffer.alloc(MIB))).toEqual({ status: 200, text: `{"bytes":${MIB}}` });
    expect(inflate(gzipSync(Buffer.alloc(MIB)), 'gzip', MIB)).toHaveLength(MIB);
    expect(() => inflate(gzipSync(Buffer.alloc(MIB + 1)), 'gzip', MIB)).toThrow('at most 1024 KiB');
  });

  test('[I4] Content-Encoding is read without regard to case', () => {
    expect(inflate(gzipSync('x'), 'GZip', MIB).toString()).toBe('x');
    expect(inflate(Buffer.from('x'), 'Identity', MIB).toString()).toBe('x');
    expect(() => inflate(Buffer.from('x'), 'gzip, gzip', MIB)).toThrow('must be gzip, zstd or none');
  });
});

test('the reply to a fault of the server does not contain the error text', async () => {
  const request = ask({ host: '127.0.0.1', port, path: '/fault', agent: false });
  const answer = answerOf(request);
  request.end();
  const { status, text } = await answer;
  expect(status).toBe(500);
  expect(text).not.toContain('secret');
  expect(JSON.parse(text)).toMatchObject({ error: { code: 'internal' } });
});

test('[S3] of several X-Forwarded-For lines, that of the trusted proxy counts', async () => {
  const headers = { 'x-forwarded-for': ['6.6.6.6', '1.2.3.4'] };
  const request = ask({ host: '127.0.0.1', port, path: '/where', headers, agent: false });
  const answer = answerOf(request);
  request.end();
  expect(await answer).toEqual({ status: 200, text: '{"address":"1.2.3.4"}' });
});

test('drain lets running requests finish and refuses new connections', async () => {
  const arrived = nextRequest();
  const request = openPost('/echo', { 'content-length': 2 });
  const answer = answerOf(request);
  request.write('a');
  await arrived;
  const drained = http.drain(10_000);
  request.end('b');
  expect(await answer).toEqual({ status: 200, text: '{"bytes":2}' });
  await drained;
  await expect(post('/echo', 'x')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
