import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DeliveryError } from '../../../server/alerts/notify/channel.ts';
import { createOutgoing, type OutgoingParts } from '../../../server/alerts/notify/outgoing.ts';
import { reachOf } from '../../../server/alerts/notify/reach.ts';
import { listen, ownCertificate, startReceiver, trust, type Reply } from './receiver.ts';

const NOW = Date.UTC(2026, 10, 26, 12);

/** Outgoing requests that may go to the receivers of these tests, which listen on loopback. */
const outgoing = (parts: Partial<OutgoingParts> = {}) =>
  createOutgoing({ allowPrivate: true, now: () => NOW, ...parts });

/** A resolver that knows these names. */
const names = (known: Record<string, readonly string[]>) => async (host: string) =>
  (known[host] ?? []).map((address) => ({ address, family: net.isIP(address) }));

async function failure(promise: Promise<unknown>): Promise<DeliveryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DeliveryError) return error;
  throw new Error(`no DeliveryError, but ${String(error)}`, { cause: error });
}

const failureOf = (url: string, parts: Partial<OutgoingParts> = {}) =>
  failure(outgoing(parts).request({ url, body: 'x' }));

describe('an outgoing request', () => {
  it('a request sends method, headers and body, and returns what was answered', async () => {
    const { url, requests } = await startReceiver(() => ({ status: 201, body: { id: 7 } }));
    const reply = await outgoing().request({
      method: 'PUT',
      url: `${url}/a?key=1`,
      headers: { 'content-type': 'text/plain' },
      body: 'grüß',
    });
    expect(reply).toMatchObject({ status: 201, body: '{"id":7}', text: '201 Created: {"id":7}' });
    expect(reply.request).toBe(`PUT ${url}/a`);
    expect(requests).toMatchObject([
      {
        method: 'PUT',
        path: '/a?key=1',
        body: 'grüß',
        headers: { 'content-length': '6', 'user-agent': 'Watchfloor' },
      },
    ]);
  });

  it('a request reads 64 KiB of a reply and drops the rest', async () => {
    const { url } = await startReceiver(() => ({ body: 'x'.repeat(3_000_000) }));
    const { body } = await outgoing().request({ url });
    expect(body.length).toBe(64 * 1024);
  });

  it('a reply that never ends ends after the time limit', async () => {
    const server = http.createServer((_, response) => {
      response.writeHead(200);
      response.write('begun');
    });
    const port = await listen(server);
    const error = await failureOf(`http://127.0.0.1:${port}`, { timeoutMs: 100 });
    expect(error.message).toContain('did not answer within 0.1 s');
  });

  it('a server that takes the connection and says nothing ends after the time limit', async () => {
    const port = await listen(net.createServer(() => {}));
    const error = await failureOf(`http://127.0.0.1:${port}/hook`, { timeoutMs: 100 });
    expect(error.message).toContain(`127.0.0.1:${port} did not answer within 0.1 s`);
    expect(error.request).toBe(`POST http://127.0.0.1:${port}/hook`);
  });

  it('a server that never finishes TLS ends after the time limit of the connection', async () => {
    const port = await listen(net.createServer(() => {}));
    const error = await failureOf(`https://127.0.0.1:${port}`, { connectTimeoutMs: 100 });
    expect(error.message).toContain('did not take the connection within 0.1 s');
  });

  it('a DNS server that does not answer ends after the time limit of the connection', async () => {
    const error = await failureOf('https://slow.example.com', {
      resolve: () => new Promise(() => {}),
      connectTimeoutMs: 50,
    });
    expect(error.message).toContain('The name slow.example.com was not found within 0.05 s');
  });

  it('garbage instead of HTTP is named as such', async () => {
    const port = await listen(
      net.createServer((socket) => {
        socket.on('error', () => socket.destroy());
        socket.end('SSH-2.0-OpenSSH_9.2\r\n');
      }),
    );
    const error = await failureOf(`http://127.0.0.1:${port}`);
    expect(error.message).toMatch(/answered with something that is not HTTP \(HPE_\w+\)\. Check the address/);
  });

  it('a closed port, a dropped connection, an unknown name and plain HTTP behind https are told apart', async () => {
    const server = http.createServer();
    const port = await listen(server);
    await new Promise((done) => server.close(done));
    expect((await failureOf(`http://127.0.0.1:${port}`)).message).toContain('refused the connection');
    const dropping = await listen(net.createServer((socket) => socket.destroy()));
    expect((await failureOf(`http://127.0.0.1:${dropping}`)).message).toContain('closed the connection');
    const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND x'), { code: 'ENOTFOUND' });
    const resolve = () => Promise.reject(unknown);
    expect((await failureOf('https://x.example.com', { resolve })).message).toContain(
      'no DNS server knows the name',
    );
    const { port: plain } = await startReceiver();
    expect((await failureOf(`https://127.0.0.1:${plain}`)).message).toContain(
      'does not speak TLS at that port',
    );
  });
});

describe('certificates', () => {
  it('a certificate of a known authority is accepted, for the name that was entered', async () => {
    const certificate = await ownCertificate();
    const { port, requests } = await startReceiver(undefined, certificate);
    trust(certificate.ca);
    const resolve = names({ localhost: ['127.0.0.1'], 'other.example.com': ['127.0.0.1'] });
    await outgoing({ resolve }).request({ url: `https://localhost:${port}/x` });
    expect(requests).toHaveLength(1);
    const error = await failureOf(`https://other.example.com:${port}`, { resolve });
    expect(error.message).toContain('has a certificate for other names');
  });

  it('an unknown authority and an expired certificate are refused, and the error says what to do', async () => {
    const { url } = await startReceiver(undefined, await ownCertificate());
    expect((await failureOf(url)).message).toMatch(
      /authority that this server does not know.*NODE_EXTRA_CA_CERTS/,
    );
    const old = await ownCertificate(new Date(Date.now() - 800 * 86_400_000));
    trust(old.ca);
    const { url: expired } = await startReceiver(undefined, old);
    expect((await failureOf(expired)).message).toContain('certificate that is no longer valid');
  });
});

describe('where a request may go', () => {
  const METADATA = [
    '169.254.169.254',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '100.100.100.200',
    '0.0.0.0',
    '[::ffff:a9fe:a9fe]',
  ];

  it.each(METADATA)('[Must show 6] %s is refused even with private networks allowed', async (host) => {
    expect((await failureOf(`http://${host}/latest/meta-data`)).message).toContain('channels never reach');
  });

  it.each(['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '10.0.0.1'])(
    '[Must show 6] %s is refused unless the channel may reach private networks',
    async (host) => {
      const error = await failureOf(`http://${host}/`, { allowPrivate: false });
      expect(error.message).toContain('private network, which this channel may not reach');
    },
  );

  it('[Must show 6] a private address behind a public name is refused before anything is sent', async () => {
    const { port, requests } = await startReceiver();
    const resolve = names({ 'rebind.example.com': ['127.0.0.1'], 'meta.example.com': ['169.254.169.254'] });
    const url = `http://rebind.example.com:${port}/`;
    expect((await failureOf(url, { allowPrivate: false, resolve })).message).toBe(
      'rebind.example.com (127.0.0.1) is in a private network, which this channel may not reach. Switch on "Private network" where the server is really meant to go there.',
    );
    expect((await failureOf('http://meta.example.com/', { resolve })).message).toContain(
      'channels never reach',
    );
    expect(requests).toEqual([]);
  });

  it('the connection goes to the address that was checked: a name is looked up once a request', async () => {
    const { port, requests } = await startReceiver();
    const resolve = vi.fn(names({ 'hook.example.com': ['127.0.0.1'] }));
    await outgoing({ resolve }).request({ url: `http://hook.example.com:${port}/` });
    expect(resolve).toHaveBeenCalledTimes(1);
    expect(requests[0]?.headers.host).toBe(`hook.example.com:${port}`);
  });

  it('of several addresses only those that are allowed are connected to', async () => {
    const { port, requests } = await startReceiver();
    const resolve = names({ 'both.example.com': ['169.254.169.254', '127.0.0.1'] });
    await outgoing({ resolve }).request({ url: `http://both.example.com:${port}/` });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['ftp://example.com/', 'only https: and http: can be reached'],
    ['file:///etc/passwd', 'only https: and http: can be reached'],
    ['https://user:secret@example.com/', 'holds a user name or password'],
    ['example.com/hook', 'The address is not one'],
    ['', 'The address is not one'],
  ])('the address "%s" is refused', async (url, words) => {
    const error = await failureOf(url);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('secret');
  });

  it('lookUp returns an allowed address, and refuses a private one', async () => {
    const resolve = names({ 'mail.example.com': ['192.168.1.5', '9.9.9.9'] });
    expect(await outgoing({ resolve, allowPrivate: false }).lookUp('mail.example.com')).toEqual({
      address: '9.9.9.9',
      family: 4,
    });
    expect(await outgoing().lookUp('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 });
    const error = await failure(outgoing({ allowPrivate: false }).lookUp('127.0.0.1'));
    expect(error.message).toContain('private network');
    expect((await failure(outgoing({ resolve }).lookUp('none.example.com'))).message).toContain(
      'has no address',
    );
  });
});

describe('redirects', () => {
  const redirect = (status: number, location: string): Reply => ({ status, headers: { location } });

  it.each([307, 308])(
    'a %d is followed with method and body, and without secret headers to another host',
    async (status) => {
      const second = await startReceiver();
      const first = await startReceiver(() => redirect(status, `${second.url}/b`));
      const headers = { authorization: 'Bearer x', 'content-type': 'text/plain' };
      const reply = await outgoing().request({ url: first.url, headers, body: 'hello' });
      expect(second.requests).toMatchObject([{ method: 'POST', path: '/b', body: 'hello' }]);
      expect(second.requests[0]?.headers).toMatchObject({ 'content-type': 'text/plain' });
      expect(second.requests[0]?.headers.authorization).toBeUndefined();
      expect(reply.request).toBe(`POST ${second.url}/b`);
    },
  );

  it.each([301, 302, 303])('a %d to a POST is an error that names the new address', async (status) => {
    const { url } = await startReceiver(() => redirect(status, 'https://new.example.com/hook?token=1'));
    expect((await failureOf(url)).message).toContain(
      'has moved to https://new.example.com/hook. Enter that address.',
    );
  });

  it('redirects without end are given up after three', async () => {
    const { url, requests } = await startReceiver(() => redirect(307, '/again'));
    expect((await failureOf(url)).message).toContain('redirects more than 3 times');
    expect(requests).toHaveLength(4);
  });

  it.each([
    ['http://[::1]:1/', 'private network'],
    ['http://rebind.example.com:1/', 'private network'],
    ['http://169.254.169.254/', 'never reach'],
    ['file:///etc/passwd', 'can be reached'],
  ])('[Must show 6] a redirect to %s is refused', async (target, words) => {
    const { url, requests } = await startReceiver(() => redirect(307, target));
    const error = await failureOf(url, {
      allowPrivate: false,
      // The receiver listens on loopback and stands for a public server.
      reach: (address) => (address === '127.0.0.1' ? 'public' : reachOf(address)),
      resolve: names({ 'rebind.example.com': ['192.168.0.1'] }),
    });
    expect(error.message).toContain(words);
    expect(requests).toHaveLength(1);
  });

  it('a redirect from https to http is refused', async () => {
    const certificate = await ownCertificate();
    trust(certificate.ca);
    const plain = await startReceiver();
    const { url } = await startReceiver(() => redirect(308, plain.url), certificate);
    expect((await failureOf(url)).message).toContain('which is not encrypted');
    expect(plain.requests).toEqual([]);
  });
});

describe('what a status means', () => {
  it.each([
    [400, true, 'refused this message'],
    [413, true, 'refused this message'],
    [422, true, 'refused this message'],
    [401, false, 'does not accept the key or password'],
    [403, false, 'does not accept the key or password'],
    [404, false, 'does not know this address any more'],
    [410, false, 'does not know this address any more'],
    [405, false, 'takes no such request at this address'],
    [408, false, 'asks to try again later'],
    [429, false, 'asks to try again later'],
    [500, false, 'is out of order; it is tried again'],
    [503, false, 'is out of order; it is tried again'],
    [304, false, 'answered something unexpected'],
  ])('%d: the message is refused for good: %s', async (status, refused, words) => {
    const { url } = await startReceiver(() => ({ status, body: status === 304 ? '' : 'why' }));
    const error = await failureOf(url);
    expect(error.message).toContain(words);
    if (status !== 304) expect(error.message).toContain('why');
    expect(error.refused).toBe(refused);
  });

  it.each([
    [429, '7', 7000],
    [503, new Date(NOW + 30_000).toUTCString(), 30_000],
    [429, new Date(NOW - 30_000).toUTCString(), 0],
    [429, '99999999', 3_600_000],
    [429, 'soon', undefined],
    [500, '7', undefined],
  ])('%d with Retry-After %s asks to wait %s ms', async (status, header, ms) => {
    const { url } = await startReceiver(() => ({ status, headers: { 'retry-after': header } }));
    expect((await failureOf(url)).retryAfterMs).toBe(ms);
  });

  it("a service's own error is told instead, under a status of 200 too", async () => {
    const { url } = await startReceiver(() => ({ body: '{"status":0}' }));
    const request = outgoing().request({
      url,
      problemIn: ({ body }) =>
        body.includes('0') ? { text: 'The user key is wrong.', retryAfterMs: 5 } : undefined,
    });
    const error = await failure(request);
    expect(error).toMatchObject({
      message: 'The user key is wrong. (200 OK: {"status":0})',
      refused: false,
      retryAfterMs: 5,
    });
  });
});

describe('with a proxy', () => {
  /** A proxy that knows `service.test`, which no DNS server does; it records what it is asked. */
  async function startProxy(targetPort: number, status = 200) {
    const asked: string[] = [];
    const server = http.createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      response.end('by proxy');
    });
    server.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
      asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const target = net.connect(targetPort, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      onTestFinished(() => void target.destroy());
    });
    return { port: await listen(server), asked };
  }

  const resolve = () => Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }));
  const setProxy = (variable: string, url: string) => {
    vi.stubEnv(variable, url);
    onTestFinished(() => void vi.unstubAllEnvs());
  };

  it('HTTPS_PROXY carries a request whose TLS is checked for the name of the target', async () => {
    const certificate = await ownCertificate();
    trust(certificate.ca);
    const receiver = await startReceiver(() => ({ body: 'hi' }), certificate);
    const proxy = await startProxy(receiver.port);
    setProxy('HTTPS_PROXY', `http://me:pass%40@127.0.0.1:${proxy.port}`);
    const reply = await outgoing({ resolve }).request({ url: 'https://localhost/x', body: 'b' });
    expect(reply.text).toBe('200 OK: hi');
    expect(proxy.asked).toEqual(['CONNECT localhost:443 Basic bWU6cGFzc0A=']);
    expect(receiver.requests).toMatchObject([{ path: '/x', body: 'b' }]);
    const error = await failureOf('https://service.test/x', { resolve });
    expect(error.message).toContain('has a certificate for other names');
  });

  it('HTTP_PROXY is asked for the full address, and NO_PROXY goes past it', async () => {
    const proxy = await startProxy(0);
    const receiver = await startReceiver();
    setProxy('HTTP_PROXY', `http://me:pass@127.0.0.1:${proxy.port}`);
    setProxy('NO_PROXY', '127.0.0.1');
    const reply = await outgoing({ resolve }).request({ url: 'http://service.test/x' });
    expect(reply.body).toBe('by proxy');
    expect(proxy.asked).toEqual(['POST http://service.test/x Basic bWU6cGFzcw==']);
    await outgoing({ resolve }).request({ url: receiver.url });
    expect(receiver.requests).toHaveLength(1);
  });

  it('a proxy that refuses is named', async () => {
    const proxy = await startProxy(0, 403);
    setProxy('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`);
    const error = await failureOf('https://service.test/x', { resolve });
    expect(error.message).toContain(
      'The proxy of HTTPS_PROXY refused to connect to service.test: it answered 403',
    );
  });

  it('a proxy that says nothing ends after the time limit, and its connection is closed', async () => {
    const server = net.createServer((socket) => {
      socket.on('close', () => server.emit('hung up')).resume();
    });
    const closed = once(server, 'hung up');
    setProxy('HTTPS_PROXY', `http://127.0.0.1:${await listen(server)}`);
    const error = await failureOf('https://service.test/x', { resolve, connectTimeoutMs: 100 });
    expect(error.message).toContain('did not take the connection within 0.1 s');
    await closed;
  });

  it('[Must show 6] a private or metadata address is refused behind a proxy too', async () => {
    const proxy = await startProxy(0);
    setProxy('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`);
    const known = names({ 'rebind.example.com': ['10.0.0.1'] });
    const parts = { allowPrivate: false, resolve: known };
    expect((await failureOf('https://rebind.example.com/', parts)).message).toContain('private network');
    expect((await failureOf('https://169.254.169.254/')).message).toContain('channels never reach');
    expect(proxy.asked).toEqual([]);
  });
});
