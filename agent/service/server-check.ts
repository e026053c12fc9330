/**
 * The part of `watchfloor-agent check` that is about the server: whether its name is known, the proxy lets through, the
 * port answers, the certificate is right, the clocks agree, and the token or the enrollment key is accepted. A step that
 * fails ends it: what comes after would fail for the same reason. Nothing is changed or used up on the server.
 */
import type { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { deviceCheckReply } from '#protocol/api.ts';
import type { Enrollment } from '#protocol/enrollment.ts';
import { errorCode, errorText } from '#protocol/errors.ts';
import { DAY } from '#protocol/span.ts';
import { relate, type Membership } from '../link/membership.ts';
import { notReached, outOfTime, parseJson, reasonOf } from '../link/outcome.ts';
import { proxyFor, type Proxy } from '../link/proxy.ts';
import { aheadBy, aheadText, MOVED_FROM } from '../link/server-clock.ts';
import { createTransport, where, type Place, type Reply, type Target, type Way } from '../link/transport.ts';
import { fetchChain, pinnedAuthority } from '../link/trust.ts';
import { failed, ok, warning, type Finding } from './finding.ts';

interface ServerParts {
  readonly enrollment: Enrollment | undefined;
  readonly membership: Membership | undefined;
  readonly proxy: Proxy | undefined;
  /** The id that this machine would join as. */
  readonly deviceId: string | undefined;
  /** What shows the server that this machine has joined with this key before. */
  readonly joinSecret: (key: string) => string | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly timeoutMs?: number;
}

/** Differences between clocks that matter, in milliseconds: charts are read to the second. */
const CLOCK_MATTERS = 10_000;
/** A certificate that ends sooner than this is worth a word; the server's own authority renews its own by then. */
const ENDS_SOON = 7 * DAY;
const PATIENCE = 10_000;

/** A step that failed; it ends the others. */
class Stopped extends Error {
  readonly finding: Finding;
  constructor(finding: Finding) {
    super(finding.found);
    this.finding = finding;
  }
}

const stop = (about: string, found: string, remedy: string): never => {
  throw new Stopped(failed(about, found, remedy));
};

async function checkName(host: string): Promise<Finding[]> {
  if (isIP(host) !== 0) return [];
  try {
    const found = await lookup(host, { all: true });
    return [ok('name', `${host} is ${found.map(({ address }) => address).join(', ')}`)];
  } catch (error) {
    return stop(
      'name',
      `${host} cannot be resolved (${errorCode(error) || errorText(error)})`,
      errorCode(error) === 'EAI_AGAIN'
        ? 'the name server does not answer: look at this machine’s network and /etc/resolv.conf'
        : 'correct the name in the enrollment string, or enter it in DNS or in /etc/hosts of this machine',
    );
  }
}

/** Opens a connection and closes it. Rejects with its error. */
function reach({ host, port }: Place, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (settle: () => void) => {
      socket.destroy();
      settle();
    };
    socket.once('connect', () => end(resolve));
    socket.once('timeout', () => end(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`))));
    socket.once('error', (error) => end(() => reject(error)));
  });
}

async function checkPort(place: Place, timeoutMs: number): Promise<Finding> {
  try {
    await reach(place, timeoutMs);
    return ok('connection', `${where(place)} takes connections`);
  } catch (error) {
    const isRefused = errorCode(error) === 'ECONNREFUSED';
    return stop(
      'connection',
      `${where(place)} ${isRefused ? 'refuses connections' : `cannot be reached (${errorText(error)})`}`,
      isRefused
        ? 'start the server there, or correct the port in the enrollment string'
        : 'look at the network and the firewalls between this machine and the server, and at the address in the enrollment string',
    );
  }
}

const placeOf = (url: string): Place => {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
};

async function checkProxy(proxy: string, timeoutMs: number): Promise<Finding> {
  const place = placeOf(proxy);
  try {
    await reach(place, timeoutMs);
    return ok('proxy', `${where(place)} takes connections`);
  } catch (error) {
    return stop(
      'proxy',
      `${where(place)} cannot be reached (${errorText(error)})`,
      'correct HTTPS_PROXY, or name the server in NO_PROXY where it is reached directly',
    );
  }
}

/** The certificates that the server shows, its own first. */
async function chainOf(way: Way, timeoutMs: number): Promise<X509Certificate[]> {
  try {
    return await fetchChain(way, timeoutMs);
  } catch (error) {
    const { reason } = notReached(error, way);
    const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
    if (way.proxy !== undefined)
      return stop(
        'proxy',
        reason,
        status === 407
          ? 'enter the user and the password in HTTPS_PROXY=http://user:password@host:port'
          : `let the proxy open connections (CONNECT) to ${way.host}:${way.port}, or name the server in NO_PROXY`,
      );
    return stop(
      'certificate',
      reason,
      'something answers there that speaks no TLS: correct the port in the enrollment string, or look at what listens there',
    );
  }
}

const NEW_STRING =
  'if the server was set up anew, make an enrollment key there and give its string to "watchfloor-agent join"; ' +
  'otherwise find out who answers in its place';

/** Of a server with an authority of its own: that the certificates lead to the pinned one, and are valid now. */
function checkPinned(way: Way, chain: readonly X509Certificate[], pin: string, now: number): Finding {
  try {
    pinnedAuthority(chain, pin, where(way));
  } catch (error) {
    return stop('certificate', errorText(error), NEW_STRING);
  }
  return checkDates(way, chain, now);
}

function checkDates(way: Way, chain: readonly X509Certificate[], now: number): Finding {
  const date = new Date(now);
  const isOff = ({ validFrom, validTo }: X509Certificate) =>
    date < new Date(validFrom) || date > new Date(validTo);
  if (chain.some(isOff))
    return stop(
      'certificate',
      outOfTime(way, chain, date),
      'set the clock that is wrong (timedatectl), or renew the certificate on the server',
    );
  const ends = Math.min(...chain.map(({ validTo }) => Date.parse(validTo)));
  const until = `valid until ${new Date(ends).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return ends - now < ENDS_SOON
    ? warning(
        'certificate',
        `the server's certificate is the right one, ${until}`,
        'renew it on the server before then',
      )
    : ok('certificate', `the server's certificate is the right one, ${until}`);
}

function checkClock(now: number, date: number | undefined): Finding[] {
  if (date === undefined) return [];
  const ahead = aheadBy(now, date);
  if (Math.abs(ahead) < CLOCK_MATTERS) return [ok('clock', 'agrees with the server’s')];
  const effect =
    Math.abs(ahead) > MOVED_FROM
      ? 'the server moves the times of the samples by that'
      : 'samples are stored with that wrong time';
  return [
    warning(
      'clock',
      `this machine's clock is ${aheadText(ahead)} the server's: ${effect}`,
      'set the clock that is wrong; "timedatectl set-ntp true" keeps it right',
    ),
  ];
}

/** The server of the settings, and what the agent shows it. */
interface Asking {
  readonly target: Target;
  readonly pin: string | null;
  readonly about: 'token' | 'enrollment key';
  readonly headers: Record<string, string>;
  readonly body: object;
}

/** Undefined: neither the folder nor the settings name a server. */
function askingOf({ enrollment, membership, proxy, deviceId, joinSecret }: ServerParts): Asking | undefined {
  const bearer = ({ token }: Membership) => ({ authorization: `Bearer ${token}` });
  const relation = membership && enrollment ? relate(membership, enrollment) : 'same';
  if (membership !== undefined && relation !== 'other') {
    const place = relation === 'moved' && enrollment !== undefined ? enrollment : membership;
    const { host, port, path } = place;
    const { tls, authority, ca } = membership;
    return {
      target: { host, port, path, tls, authority, proxy: proxyFor(proxy, place) },
      ...{ pin: ca, about: 'token', headers: bearer(membership), body: {} },
    };
  }
  if (enrollment === undefined) return undefined;
  const { host, port, path, tls, ca, key } = enrollment;
  const old = membership?.host === host ? membership : undefined;
  const secret = joinSecret(key);
  return {
    target: { host, port, path, tls, authority: null, proxy: proxyFor(proxy, enrollment) },
    pin: ca,
    about: 'enrollment key',
    headers: old === undefined ? {} : bearer(old),
    body: {
      enrollment_key: key,
      device_id: old?.device_id ?? deviceId,
      ...(secret === undefined ? {} : { join_secret: secret }),
    },
  };
}

const REMEDIES: Readonly<Record<number, string>> = {
  403: 'let this machine’s network in (WATCHFLOOR_ALLOW_AGENTS of the server)',
  404: 'the server is older than this agent and cannot tell: upgrade it',
  429: 'wait a minute, then check again',
};

function checkAnswer({ about, target }: Asking, reply: Reply): Finding {
  const answer = deviceCheckReply.safeParse(parseJson(reply.text));
  if (reply.status === 200 && answer.success)
    return ok(about, `the server accepts it, for the device ${answer.data.device_id}`);
  const reason = `${where(target)}: ${reasonOf(reply)}`;
  const remedy = REMEDIES[reply.status];
  if (reply.status === 404 || reply.status === 429) return warning(about, reason, remedy ?? '');
  const again =
    about === 'token'
      ? 'on the server: Settings, Machines, "Let it join again"; give the enrollment string of that to "watchfloor-agent join"'
      : 'make a new key on the server: Settings, Enrollment keys, and use its string';
  return failed(
    about,
    reason,
    remedy ?? ([401, 409].includes(reply.status) ? again : 'look at the log of the server'),
  );
}

async function ask(asking: Asking, timeoutMs: number): Promise<Reply> {
  const { target, headers, body } = asking;
  const transport = createTransport(target, timeoutMs);
  try {
    return await transport.post(
      '/devices/check',
      { 'content-type': 'application/json', ...headers },
      Buffer.from(JSON.stringify(body)),
    );
  } catch (error) {
    return stop('answer', notReached(error, target).reason, NEW_STRING);
  } finally {
    transport.close();
  }
}

/** The way to the server and its certificate; the target with the authority that its answers must come from. */
async function* checkWay(asking: Asking, now: number, timeoutMs: number): AsyncGenerator<Finding, Target> {
  const { target, pin } = asking;
  const { proxy, tls } = target;
  if (proxy === undefined) {
    yield* await checkName(target.host);
    yield await checkPort(target, timeoutMs);
  } else yield await checkProxy(proxy, timeoutMs);
  if (!tls) return target;
  const chain = await chainOf(target, timeoutMs);
  if (proxy !== undefined) yield ok('connection', `${where(target)} answers`);
  if (pin === null) {
    yield checkDates(target, chain, now);
    return target;
  }
  yield checkPinned(target, chain, pin, now);
  return { ...target, authority: chain.at(-1)?.toString() ?? null };
}

/** Yields the findings as they come. */
export async function* checkServer(parts: ServerParts): AsyncGenerator<Finding> {
  const { now, timeoutMs = PATIENCE } = parts;
  const asking = askingOf(parts);
  if (asking === undefined) {
    yield failed(
      'server',
      'this agent belongs to no server, and has no enrollment string',
      'make an enrollment key on the server (Settings, Enrollment keys) and set WATCHFLOOR_ENROLL to its string, or give it to "watchfloor-agent join"',
    );
    return;
  }
  try {
    const target = yield* checkWay(asking, now(), timeoutMs);
    const reply = await ask({ ...asking, target }, timeoutMs);
    yield* checkClock(now(), reply.date);
    yield checkAnswer(asking, reply);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    yield error.finding;
  }
}
