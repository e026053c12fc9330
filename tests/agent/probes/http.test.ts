import { beforeAll, expect, it } from 'vitest';
import { makeAuthority, type Authority } from '../link/certificates.ts';
import { closedPort, httpServer, httpsServer, problemOf, tcpServer, tryProbe } from './targets.ts';

const DAY = 86_400_000;
const page = (port: number, path = '/') => ({ kind: 'http', target: `http://127.0.0.1:${port}${path}` });

it('a probe of a page measures each part of the way to the answer, and its status', async () => {
  let seen = '';
  const port = await httpServer(({ method, url, headers }, reply) => {
    seen = `${method} ${url} ${headers.host} ${headers['user-agent']?.split('/')[0]}`;
    reply.end('hello');
  });
  const { problem, values } = await tryProbe(page(port, '/health?full=1'));
  expect(problem).toBeUndefined();
  expect(seen).toBe(`GET /health?full=1 127.0.0.1:${port} Watchfloor`);
  expect(values).toMatchObject({ status: 200 });
  expect(Object.keys(values).toSorted()).toEqual(['connect_ms', 'dns_ms', 'first_byte_ms', 'ms', 'status']);
});

it('a probe of a page asks with HEAD where it is told to', async () => {
  let method = '';
  const port = await httpServer((request, reply) => {
    method = request.method ?? '';
    reply.end();
  });
  expect(await problemOf({ ...page(port), method: 'HEAD' })).toBe('none');
  expect(method).toBe('HEAD');
});

it('a probe of a page fails with the status that came in place of the expected one', async () => {
  const port = await httpServer((_, reply) => reply.writeHead(503).end());
  expect(await tryProbe(page(port))).toMatchObject({
    problem: 'expected status 200-299, got 503',
    values: { status: 503 },
  });
  expect(await problemOf({ ...page(port), status: '200-299,503' })).toBe('none');
});

it('a probe of a page looks for a text that must be there, and for one that must not', async () => {
  const port = await httpServer((_, reply) => reply.end('All systems are fine, schön'));
  expect(await problemOf({ ...page(port), contains: 'schön' })).toBe('none');
  expect(await problemOf({ ...page(port), contains: 'broken' })).toBe(
    'the page does not have the text “broken”',
  );
  expect(await problemOf({ ...page(port), lacks: 'fine' })).toBe('the page has the text “fine”');
  expect(await problemOf({ ...page(port), lacks: 'error', contains: 'fine' })).toBe('none');
});

it('a probe of a page reads a MiB of it and no more, and none of it without a text to look for', async () => {
  let sent = 0;
  const port = await httpServer((_, reply) => {
    const write = () => {
      while (!reply.destroyed && reply.write('x'.repeat(65_536))) sent += 65_536;
      if (!reply.destroyed) reply.once('drain', write);
    };
    write();
  });
  expect(await problemOf({ ...page(port), contains: 'never' })).toBe(
    'the page does not have the text “never”',
  );
  expect(sent).toBeLessThan(16 * 1024 * 1024);
  expect(await problemOf(page(port))).toBe('none');
});

it('a probe of a page fails where nobody listens, where something else than HTTP answers, and where the answer breaks off', async () => {
  const port = await closedPort();
  expect(await problemOf(page(port))).toBe(`Error: connection refused by 127.0.0.1:${port}`);
  const ssh = await tcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
  expect(await problemOf(page(ssh))).toBe(`Error: 127.0.0.1:${ssh} does not answer in HTTP`);
  const rude = await tcpServer((socket) => socket.destroy());
  expect(await problemOf(page(rude))).toMatch(/^Error: 127\.0\.0\.1:\d+( closed the connection|: )/);
});

it('[G3] a probe of a page is ended when its time is over, at whatever the target hangs', async () => {
  const silent = await tcpServer();
  const slow = await httpServer((_, reply) => {
    reply.writeHead(200).write('a');
  });
  for (const [target, at] of [
    [page(silent), 'the answer of'],
    [{ ...page(slow), contains: 'b' }, 'the rest of the page'],
    [{ kind: 'http', target: `https://127.0.0.1:${silent}/` }, 'the TLS handshake with'],
  ] as const) {
    const over = new AbortController();
    const doing = (what: string) => {
      if (what.startsWith(at)) setImmediate(() => over.abort());
    };
    expect(await problemOf(target, { signal: over.signal, doing })).not.toBe('none');
  }
});

it('a page is probed over IPv6, and by name', async () => {
  const six = await httpServer((_, reply) => reply.end(), '::1');
  expect(await problemOf({ kind: 'http', target: `http://[::1]:${six}/` })).toBe('none');
  expect(await problemOf({ kind: 'http', target: `http://localhost:${six}/`, ip: '6' })).toBe('none');
  const four = await httpServer((_, reply) => reply.end());
  expect(await problemOf({ kind: 'http', target: `http://localhost:${four}/` })).toBe('none');
});

const redirecting = (to: (path: string) => string | undefined) =>
  httpServer(({ url = '' }, reply) => {
    const location = to(url);
    reply.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location }).end();
  });

it('redirects are followed, unless they are not to be', async () => {
  const port = await redirecting((path) => (path === '/' ? '/new' : undefined));
  expect(await problemOf(page(port))).toBe('none');
  expect(await problemOf({ ...page(port), redirects: false })).toBe('expected status 200-299, got 302');
  expect(await problemOf({ ...page(port), redirects: false, status: '302' })).toBe('none');
});

it('redirects in a circle, without an end, and to what is no page, are failures', async () => {
  const circle = await redirecting((path) => (path === '/a' ? '/b' : '/a'));
  expect(await problemOf(page(circle))).toBe(`it redirects in a circle, over 127.0.0.1:${circle}`);
  const endless = await redirecting((path) => `${path}x`);
  expect(await problemOf(page(endless))).toBe('it redirects more than 5 times');
  const file = await redirecting(() => 'file:///etc/passwd');
  expect(await problemOf(page(file))).toBe('Error: it redirects to what is no page');
});

it('[G6] redirects lead nowhere that the agent may not probe', async () => {
  const secret = await httpServer((_, reply) => reply.end());
  const port = await redirecting(() => `http://127.0.0.1:${secret}/`);
  const metadata = await redirecting(() => 'http://169.254.169.254/latest/meta-data/');
  expect(await problemOf(page(port), { allowed: `127.0.0.1:${port}` })).toBe(
    `RefusedError: this agent may not probe 127.0.0.1:${secret}: its setting is “127.0.0.1:${port}”`,
  );
  expect(await problemOf(page(metadata), { allowed: 'all' })).toContain(
    'this agent may not probe 169.254.169.254:80',
  );
});

let authority: Authority;
beforeAll(async () => {
  authority = await makeAuthority('Test authority');
});
/** A probe of a server with a certificate that is valid around `at`, for these names. */
async function probeOf(at: number, names = ['localhost'], trusted = true) {
  const tls = await authority.issue(at, names);
  const port = await httpsServer(tls, (_, reply) => reply.end());
  const given = { kind: 'http', target: `https://localhost:${port}/` };
  return { given, how: trusted ? { authorities: [authority.pem] } : {} };
}

it('a certificate that is valid says how many days are left', async () => {
  const { given, how } = await probeOf(Date.now());
  const { problem, values } = await tryProbe(given, how);
  expect(problem).toBeUndefined();
  expect(values['certificate_days']).toBeCloseTo(0.9, 1);
  expect(values['tls_ms']).toBeGreaterThan(0);
});

it('a certificate that has expired says since when, and has no days left', async () => {
  const { given, how } = await probeOf(Date.now() - 4.5 * DAY);
  expect(await tryProbe(given, how)).toMatchObject({
    problem: 'its certificate expired 3 days ago',
    values: { certificate_days: 0 },
  });
  expect(await problemOf({ ...given, certificate: false }, how)).toBe('none');
});

it('a certificate of the future is not valid yet', async () => {
  const { given, how } = await probeOf(Date.now() + 3 * DAY);
  expect(await problemOf(given, how)).toBe('its certificate is not valid yet');
});

it('a certificate for another name says for which', async () => {
  const { given, how } = await probeOf(Date.now(), ['www.example.org', 'example.org']);
  expect(await problemOf(given, how)).toBe(
    'its certificate is for www.example.org, example.org, not for localhost',
  );
});

it('a certificate of an authority that this machine does not trust is not valid, and its days are told', async () => {
  const { given } = await probeOf(Date.now());
  const { problem, values } = await tryProbe(given);
  expect(problem).toContain('an authority that this machine does not trust');
  expect(values['certificate_days']).toBeGreaterThan(0);
});

it('a certificate is looked at by a probe of a port as well', async () => {
  const { given, how } = await probeOf(Date.now() - 3 * DAY);
  const target = new URL(given.target).host;
  expect(await tryProbe({ kind: 'tcp', target, tls: true }, how)).toMatchObject({
    problem: 'its certificate expired 2 days ago',
    values: { certificate_days: 0 },
  });
});

it('a certificate is asked for in vain where no TLS is spoken', async () => {
  const port = await httpServer((_, reply) => reply.end());
  expect(await problemOf({ kind: 'http', target: `https://localhost:${port}/` })).toContain(
    'does not speak TLS',
  );
});
