import { createServer, type Socket } from 'node:net';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createLink, type LinkParts } from '../../../agent/link/link.ts';
import { openNewDevices } from '../../../agent/link/new-device.ts';
import type { Membership } from '../../../agent/link/membership.ts';
import { makeAuthority, type Authority } from './certificates.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { membershipAt, startServer } from './server.ts';

const YEAR = 365 * 86_400_000;
let authority: Authority;

beforeAll(async () => {
  authority = await makeAuthority('Watchfloor authority');
});

const member = (port: number, changes: Partial<Membership> = {}): Membership => ({
  ...membershipAt(port, authority),
  ...changes,
});

function linkOf(parts: Partial<LinkParts>) {
  const log = keptLog();
  const link = createLink({
    enrollment: undefined,
    membership: undefined,
    newDevices: openNewDevices(ownFolder()),
    remember: () => undefined,
    describe: () => ({ hostname: 'h', ip: '', os: 'Linux' }),
    log,
    timeoutMs: 5000,
    ...parts,
  });
  onTestFinished(() => link.close());
  return { link, log };
}

/** Starts a server that answers `text` to the first bytes of each connection. Returns its port. */
async function babbler(text: string): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(text));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('the link to a server in trouble', () => {
  it.each([
    ['has expired', -YEAR, 'ahead', 'behind'],
    ['is not valid yet', YEAR, 'behind', 'ahead'],
  ])(
    '[S1] a server certificate that %s is reported with its times, with both clocks and what to do, and nothing is sent',
    async (what, off, here, there) => {
      const { cert, key } = await authority.issue(Date.now() + off);
      const server = await startServer({ cert: cert + authority.pem, key });
      onTestFinished(() => server.close());
      const outcome = await linkOf({ membership: member(server.port) }).link.push('{}');
      const year = new Date(Date.now() + off).getUTCFullYear();
      expect(outcome).toMatchObject({
        kind: 'unreachable',
        reason: expect.stringMatching(
          new RegExp(
            `^the certificate of the server at .* ${what}: it is valid from .* ${year} GMT to .* GMT, and this machine's ` +
              `clock says \\d{4}-.*If this clock is ${here}, set it.*clock of the server, which was ${there}.*` +
              'renew its certificate$',
          ),
        ),
      });
      expect(server.received).toHaveLength(0);
    },
  );

  it.each([
    ['has expired', -YEAR],
    ['is not valid yet', YEAR],
  ])(
    '[S1] an authority whose certificate %s is told from a server certificate, when joining as well as when pushing',
    async (what, off) => {
      const wrong = await makeAuthority('Watchfloor authority', Date.now() + off);
      const { cert, key } = await wrong.issue();
      const server = await startServer({ cert: cert + wrong.pem, key });
      onTestFinished(() => server.close());
      const ca = wrong.fingerprint;
      const enrollment = { key: 'k', host: '127.0.0.1', port: server.port, ca, tls: true };
      const expected = {
        kind: 'unreachable',
        reason: expect.stringMatching(
          new RegExp(`certificate of the authority of the server at .* ${what}: .* new enrollment string$`),
        ),
      };
      expect(await linkOf({ enrollment }).link.ready()).toMatchObject(expected);
      const membership = member(server.port, { ca, authority: wrong.pem });
      const { link } = linkOf({ membership });
      expect(await link.push('{}')).toMatchObject(expected);
      expect(server.received).toHaveLength(0);
    },
  );

  it('[G2] a host name that cannot be resolved counts as an unreachable server, even one with "certificate" in it', async () => {
    const { link } = linkOf({ membership: member(8443, { host: 'certificate-issuer.invalid' }) });
    expect(await link.push('{}')).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringContaining('certificate-issuer.invalid'),
    });
  });

  it.each([
    ['is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['stops in the middle', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"accepted"'],
    ['never begins', ''],
    ['is larger than any', `HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n${'x'.repeat(900_000)}`],
    ['is cut JSON', 'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"accepted"'],
    ['asks for the impossible', reply('{"accepted":1,"duplicates":0,"interval_s":-1,"sample_s":0}')],
  ])('[G2] an answer that %s counts as an unreachable server', async (_, text) => {
    const port = await babbler(text);
    const { link } = linkOf({
      membership: member(port, { tls: false, ca: null, authority: null }),
      timeoutMs: 300,
    });
    expect(await link.push('{}')).toMatchObject({ kind: 'unreachable' });
  });

  it('[G1] a membership that a full disk does not take counts at once, and is written as soon as there is room', async () => {
    const { cert, key } = await authority.issue();
    const server = await startServer({ cert: cert + authority.pem, key });
    onTestFinished(() => server.close());
    let isFull = true;
    const kept: Membership[] = [];
    const { link, log } = linkOf({
      enrollment: { key: 'k', host: '127.0.0.1', port: server.port, ca: authority.fingerprint, tls: true },
      remember: (value) => {
        if (isFull) throw new Error('ENOSPC: no space left on device');
        kept.push(value);
      },
    });
    expect(await link.ready()).toBeUndefined();
    expect(await link.ready()).toBeUndefined();
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    isFull = false;
    expect(await link.ready()).toBeUndefined();
    expect(await link.ready()).toBeUndefined();
    expect(kept).toHaveLength(1);
    expect(server.received.map(({ path }) => path)).toEqual(['/devices/register']);
  });
});

function reply(json: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${json.length}\r\n\r\n${json}`;
}
