import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Enrollment } from '#protocol/enrollment.ts';
import { createLink, type LinkParts } from '../../../agent/link/link.ts';
import { openNewDevices } from '../../../agent/link/new-device.ts';
import { keyHash, relate, type Membership } from '../../../agent/link/membership.ts';
import { parseRetryAfter } from '../../../agent/link/transport.ts';
import { makeAuthority, makeServerTls, type Authority } from './certificates.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { membershipAt, startServer, type Answer, type TestServer, type Tls } from './server.ts';

let authority: Authority;
let tls: Tls;

beforeAll(async () => {
  ({ authority, tls } = await makeServerTls());
});

const BODY = JSON.stringify({
  device_id: 'device-1',
  hostname: 'h',
  ip: '',
  fields: ['cpu'],
  rows: [[Date.UTC(2026, 0, 1), 1]],
});

/** An answer as a Watchfloor server refuses a request. */
function refusal(status: number): Answer {
  return { status, body: { error: { code: 'refused', message: 'It is not accepted.' } } };
}

async function server(): Promise<TestServer> {
  const started = await startServer(tls);
  onTestFinished(() => started.close());
  return started;
}

const enrollmentFor = ({ port }: TestServer, key = 'key-1'): Enrollment => ({
  key,
  host: '127.0.0.1',
  port,
  ca: authority.fingerprint,
  tls: true,
});

const membershipFor = ({ port }: TestServer) => membershipAt(port, authority);

function linkTo(parts: Partial<LinkParts>) {
  const remembered: Membership[] = [];
  const link = createLink({
    enrollment: undefined,
    membership: undefined,
    newDevices: openNewDevices(ownFolder()),
    remember: (membership) => remembered.push(membership),
    describe: () => ({ hostname: 'h', ip: '', os: 'Linux', device_id: 'device-1' }),
    log: keptLog(),
    ...parts,
  });
  onTestFinished(() => link.close());
  return { link, remembered };
}

/** A link that has joined. */
async function joined(to: TestServer, parts: Partial<LinkParts> = {}) {
  const made = linkTo({ enrollment: enrollmentFor(to), ...parts });
  expect(await made.link.ready()).toBeUndefined();
  return made;
}

describe('the link', () => {
  it('an agent joins once, and afterwards needs no enrollment string', async () => {
    const to = await server();
    const { remembered } = await joined(to);
    const [membership] = remembered;
    const again = linkTo({ membership });
    expect(await again.link.ready()).toBeUndefined();
    expect((await again.link.push(BODY)).kind).toBe('accepted');
    expect(to.received.map(({ path }) => path)).toEqual(['/devices/register', '/metrics']);
  });

  it.each([
    [refusal(401), 'unauthorized'],
    [refusal(403), 'unauthorized'],
    [refusal(413), 'too_large'],
    [refusal(400), 'refused'],
    [refusal(422), 'refused'],
    [refusal(500), 'unreachable'],
    [{ status: 413, body: '<html>Request Entity Too Large</html>' }, 'too_large'],
    [{ status: 503, body: '<html>Maintenance</html>' }, 'busy'],
    [{ status: 400, body: '<html>Bad Request</html>' }, 'unreachable'],
    [{ status: 401, body: { message: 'Log in to the hotel network' } }, 'unreachable'],
    [{ status: 403, body: '<html>Blocked</html>' }, 'unreachable'],
    [{ status: 422, body: {} }, 'unreachable'],
    [{ status: 502, body: {} }, 'unreachable'],
    [{ status: 204, body: {} }, 'unreachable'],
    [{ status: 302, body: {}, headers: { location: '/login' } }, 'unreachable'],
    [{ status: 200, body: { hello: 'captive portal' } }, 'unreachable'],
    [{ status: 200, body: '<html>Welcome</html>' }, 'unreachable'],
    ...[
      { interval_s: 1e300 },
      { interval_s: 3600 },
      { interval_s: 0 },
      { interval_s: '5' },
      { sample_s: 1e-9 },
      { sample_s: 86_400 },
      { accepted: -1, duplicates: 2 },
      { accepted: 0.5, duplicates: 0.5 },
      { accepted: 1e300 },
      { duplicates: null },
    ].map(
      (wrong) =>
        [
          { status: 200, body: { accepted: 1, duplicates: 0, interval_s: 5, sample_s: 1, ...wrong } },
          'unreachable',
        ] as const,
    ),
    [{ status: 0, lost: true }, 'unreachable'],
  ] as const)('the answer %j to a push has the outcome "%s"', async (answer, kind) => {
    const to = await server();
    const { link } = await joined(to);
    to.answers.push(answer);
    // The transport tries once more when a kept connection breaks, so the second answer is lost too.
    if (answer.status === 0) to.answers.push(answer);
    expect((await link.push(BODY)).kind).toBe(kind);
    expect((await link.push(BODY)).kind).toBe('accepted');
  });

  it('[I6] the outcome of a push to a busy server has the time of its Retry-After header', async () => {
    const to = await server();
    const { link } = await joined(to);
    to.answers.push({ status: 503, headers: { 'retry-after': '7' } });
    expect(await link.push(BODY)).toMatchObject({ kind: 'busy', retryAfterMs: 7000 });
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:10 GMT', Date.UTC(2026, 0, 1))).toBe(10_000);
    expect(parseRetryAfter('soon', 0)).toBeUndefined();
  });

  it('[I4] the outcome of a refused push names the field that the server refused', async () => {
    const to = await server();
    const { link } = await joined(to);
    const details = [{ path: 'samples.0.metrics.cpu', message: 'must not be negative' }];
    to.answers.push({
      status: 422,
      body: { error: { code: 'invalid', message: 'The body is wrong.', details } },
    });
    expect(await link.push(BODY)).toEqual({
      kind: 'refused',
      reason: 'The body is wrong. (samples.0.metrics.cpu: must not be negative) [invalid, 422]',
    });
  });

  it('a push that is larger than a packet is compressed', async () => {
    const to = await server();
    const { link } = await joined(to);
    await link.push(BODY);
    await link.push(BODY.replace('"h"', `"${'h'.repeat(2000)}"`));
    expect(to.received.slice(1).map(({ encoding }) => encoding)).toEqual([undefined, 'gzip']);
  });

  it('a refused enrollment key is reported with what to do, and joining can be tried again', async () => {
    const to = await server();
    const { link } = linkTo({ enrollment: enrollmentFor(to) });
    to.answers.push({
      status: 401,
      body: { error: { code: 'invalid_key', message: 'The key has expired.' } },
    });
    expect(await link.ready()).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringMatching(
        /does not let this machine join: The key has expired.*Then start the agent/,
      ),
    });
    expect(await link.ready()).toBeUndefined();
    expect(await linkTo({}).link.ready()).toMatchObject({
      reason: expect.stringContaining('WATCHFLOOR_ENROLL'),
    });
  });

  it('[I3] after its token was revoked, an agent joins again with a new enrollment key only', async () => {
    const to = await server();
    const { remembered } = await joined(to);
    const [membership] = remembered;

    const same = linkTo({ membership, enrollment: enrollmentFor(to) });
    to.answers.push(refusal(401));
    expect((await same.link.push(BODY)).kind).toBe('unauthorized');
    await same.link.ready();
    expect(to.received.filter(({ path }) => path === '/devices/register')).toHaveLength(1);

    const other = linkTo({ membership, enrollment: enrollmentFor(to, 'key-2') });
    to.answers.push(refusal(401));
    await other.link.push(BODY);
    expect(await other.link.ready()).toBeUndefined();
    expect(to.received.at(-1)?.body).toMatchObject({ enrollment_key: 'key-2' });
    expect((await other.link.push(BODY)).kind).toBe('accepted');
  });

  it('an agent joins again when the string names another server, and keeps its token when its server moved', async () => {
    const [one, two] = [await server(), await server()];
    const { remembered } = await joined(one);
    const [membership] = remembered;
    // Another port with the same authority is the same server, moved: the token is still valid.
    const moved = linkTo({ membership, enrollment: enrollmentFor(two) });
    expect(await moved.link.ready()).toBeUndefined();
    expect((await moved.link.push(BODY)).kind).toBe('accepted');
    expect(two.received.map(({ path }) => path)).toEqual(['/metrics']);
    expect(moved.remembered.at(-1)).toMatchObject({ port: two.port, token: 'token-1' });

    const foreign = await makeAuthority('Another');
    const leaf = await foreign.issue();
    const third = await startServer({ cert: leaf.cert + foreign.pem, key: leaf.key });
    onTestFinished(() => third.close());
    const enrollment = { ...enrollmentFor(third), ca: foreign.fingerprint };
    expect(await linkTo({ membership, enrollment }).link.ready()).toBeUndefined();
    expect(third.received.map(({ path }) => path)).toEqual(['/devices/register']);
  });

  it('[S1] an agent shows its old token to a server with a new authority at the same host, and to no other host', async () => {
    const to = await server();
    const member = { ...membershipFor(to), ca: 'e'.repeat(64), token: 'token-0', device_id: 'device-0' };
    const renewed = linkTo({ membership: member, enrollment: enrollmentFor(to, 'key-2') });
    expect(await renewed.link.ready()).toBeUndefined();
    expect(to.received[0]).toMatchObject({
      path: '/devices/register',
      authorization: 'Bearer token-0',
      body: { enrollment_key: 'key-2', device_id: 'device-0' },
    });

    const elsewhere = linkTo({
      membership: { ...member, host: 'watchfloor.example' },
      enrollment: enrollmentFor(to, 'key-2'),
    });
    expect(await elsewhere.link.ready()).toBeUndefined();
    expect(to.received[1]).toMatchObject({ authorization: undefined, body: { device_id: 'device-1' } });
  });

  it('the advice of the server that refuses a known device is told, and with which string to start then', async () => {
    const to = await server();
    const { link } = linkTo({ enrollment: enrollmentFor(to) });
    to.answers.push({
      status: 409,
      body: { error: { code: 'device_revoked', message: 'The token was revoked: make a key for it.' } },
    });
    expect(await link.ready()).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringMatching(/make a key for it\..* start the agent with the enrollment string/),
    });
  });

  it.each([
    { status: 200, body: '<html>Welcome</html>' },
    { status: 201, body: { device_id: 'd', token: 'two\nlines' } },
    { status: 201, body: { device_id: 'd'.repeat(129), token: 'token-1' } },
    { status: 403, body: '<html>Blocked</html>' },
    { status: 404, body: {} },
  ])('joining goes on trying when something else than the server answers %j', async (answer) => {
    const to = await server();
    const { link } = linkTo({ enrollment: enrollmentFor(to) });
    to.answers.push(answer);
    expect(await link.ready()).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringMatching(/not like a Watchfloor server/),
    });
    expect(await link.ready()).toBeUndefined();
  });

  it('[S1] without a pinned authority only the authorities of the system are trusted', async () => {
    const to = await server();
    const { link } = linkTo({ enrollment: { ...enrollmentFor(to), ca: null } });
    expect(await link.ready()).toMatchObject({ kind: 'unauthorized' });
    expect(to.received).toHaveLength(0);
  });

  it('an enrollment string names the same server as the membership, the same one moved, or another', () => {
    const base = { host: 'a', port: 1, tls: true, ca: 'f'.repeat(64) };
    const member = { ...base, authority: '', device_id: 'd', token: 't', key_sha256: keyHash('k') };
    expect(relate(member, { ...base, key: 'other' })).toBe('same');
    expect(relate(member, { ...base, key: 'k', host: 'b' })).toBe('moved');
    expect(relate(member, { ...base, key: 'k', ca: 'e'.repeat(64) })).toBe('other');
    expect(relate({ ...member, ca: null }, { ...base, ca: null, key: 'k', host: 'b' })).toBe('other');
  });
});
