/**
 * Asks for a page. Each redirect is looked at like the first address: where it leads must be allowed, too. No more is
 * read than a text needs that is sought, and nothing of it leaves this machine.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { errorCode } from '#protocol/errors.ts';
import { parsePage, plainHost, statusMatches } from '#protocol/probe-targets.ts';
import { PROBE_BODY_BYTES, type HttpProbe } from '#protocol/probes.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { placeWords, type Destination } from './allowance.ts';
import { findAddress, roundMs, type Attempt, type Kind, type Outcome } from './attempt.ts';
import { certificateOf, type Certificate } from './certificate.ts';
import { connectionWords, openConnection, startTls } from './connection.ts';

/** Not by `import`: see transport.ts. */
const http = process.getBuiltinModule('node:http');

const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

/** One answer. Its connection is still open. */
interface Answer {
  readonly message: IncomingMessage;
  readonly socket: Socket;
  readonly certificate: Certificate | undefined;
  /** Milliseconds of each part of the way to it. */
  readonly times: Readonly<Record<'dns_ms' | 'connect_ms' | 'first_byte_ms', number>> & {
    readonly tls_ms?: number;
  };
}

function headersFor(url: URL) {
  return {
    host: url.host,
    'user-agent': `Watchfloor/${WATCHFLOOR_VERSION} (probe)`,
    accept: '*/*',
    'accept-encoding': 'identity',
    connection: 'close',
  };
}

/** Resolves when the headers of the answer are here. */
function answerTo(asking: ClientRequest, destination: Destination): Promise<IncomingMessage> {
  const place = placeWords(destination);
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(new Error(requestWords(error, place), { cause: error }));
    asking.once('response', resolve);
    asking.on('error', failed);
    asking.once('close', () => failed(new Error('it closed the connection without an answer')));
    asking.end();
  });
}

function requestWords(error: unknown, place: string): string {
  return errorCode(error).startsWith('HPE_')
    ? `${place} does not answer in HTTP`
    : connectionWords(error, place);
}

async function ask(url: URL, { method, ip }: HttpProbe, attempt: Attempt): Promise<Answer> {
  const { monotonic, doing } = attempt;
  const host = plainHost(url.hostname);
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const begun = monotonic();
  const address = await findAddress(attempt, host, port, ip);
  const destination = { host, address, port };
  const found = monotonic();
  const plain = await openConnection(attempt, destination);
  const connected = monotonic();
  try {
    const secure = isTls ? await startTls(attempt, plain, destination) : undefined;
    const ready = monotonic();
    doing(`the answer of ${placeWords(destination)}`);
    const socket = secure ?? plain;
    const asking = http.request({
      createConnection: () => socket,
      method,
      path: `${url.pathname}${url.search}`,
      headers: headersFor(url),
      signal: attempt.signal,
    });
    const message = await answerTo(asking, destination);
    return {
      message,
      socket: plain,
      certificate: secure && certificateOf(secure, host, attempt.now()),
      times: {
        dns_ms: roundMs(found - begun),
        connect_ms: roundMs(connected - found),
        ...(isTls && { tls_ms: roundMs(ready - connected) }),
        first_byte_ms: roundMs(monotonic() - ready),
      },
    };
  } catch (error) {
    plain.destroy();
    throw error;
  }
}

/** The text of a page, as far as it is read. */
async function readText(message: IncomingMessage, isEnough: (text: string) => boolean): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const piece of message) {
    if (!(piece instanceof Uint8Array)) continue;
    const room = PROBE_BODY_BYTES - size;
    text += decoder.decode(piece.subarray(0, room), { stream: true });
    size += piece.length;
    if (size >= PROBE_BODY_BYTES || isEnough(text)) break;
  }
  return text;
}

/** What is wrong with the texts of the page; undefined where nothing is, or none is asked for. */
async function textProblem(
  { contains, lacks }: HttpProbe,
  message: IncomingMessage,
): Promise<string | undefined> {
  if (contains === '' && lacks === '') return undefined;
  const text = await readText(message, (sofar) =>
    lacks === '' ? sofar.includes(contains) : sofar.includes(lacks),
  );
  const shown = (sought: string) => `“${sought.length > 60 ? `${sought.slice(0, 60)}…` : sought}”`;
  if (lacks !== '' && text.includes(lacks)) return `the page has the text ${shown(lacks)}`;
  return text.includes(contains) ? undefined : `the page does not have the text ${shown(contains)}`;
}

/** Where a redirect leads; undefined where it is none that is to be followed. @throws Error where it leads nowhere */
function redirectOf({ message }: Answer, from: URL, { redirects }: HttpProbe): URL | undefined {
  const { statusCode = 0, headers } = message;
  if (!redirects || !REDIRECTS.includes(statusCode) || headers.location === undefined) return undefined;
  const to = URL.canParse(headers.location, from.href) ? new URL(headers.location, from.href) : undefined;
  const page = to && parsePage(to.href);
  if (page === undefined) throw new Error('it redirects to what is no page');
  return page;
}

export const tryHttp: Kind<HttpProbe> = async (work, attempt) => {
  let url = parsePage(work.target);
  if (url === undefined) throw new Error(`${work.target} is no page`);
  const begun = attempt.monotonic();
  const been = new Set<string>();
  for (;;) {
    const answer = await ask(url, work, attempt);
    const { message, socket, certificate, times } = answer;
    try {
      const status = message.statusCode ?? 0;
      const values: Record<string, number> = { status, ...times };
      if (certificate?.daysLeft !== undefined) values['certificate_days'] = certificate.daysLeft;
      const ended = (problem: string | undefined): Outcome => {
        values['ms'] = roundMs(attempt.monotonic() - begun);
        return { problem, values };
      };
      if (work.certificate && certificate?.problem !== undefined) return ended(certificate.problem);
      const next = redirectOf(answer, url, work);
      if (next !== undefined) {
        been.add(url.href);
        if (been.has(next.href)) return ended(`it redirects in a circle, over ${next.host}`);
        if (been.size > MOST_REDIRECTS) return ended(`it redirects more than ${MOST_REDIRECTS} times`);
        url = next;
        continue;
      }
      if (!statusMatches(work.status, status)) return ended(`expected status ${work.status}, got ${status}`);
      attempt.doing('the rest of the page');
      return ended(await textProblem(work, message));
    } finally {
      socket.destroy();
    }
  }
};
