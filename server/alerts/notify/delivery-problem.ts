/** Says in words why a message was not delivered: what an error of a connection and the status of a reply mean. */
import { HOUR, SECOND } from '#protocol/span.ts';

/** Why the far side did not take a message. */
export interface Problem {
  /** What is wrong, where, and what to do. */
  readonly text: string;
  /** How long the far side asks to wait, milliseconds. */
  readonly retryAfterMs?: number;
  /** Whether the same message will be refused again, whatever is done about the channel. */
  readonly refused?: boolean;
}

/** However long the far side asks to wait, the next try is not later than this. */
const MAX_RETRY_AFTER_MS = HOUR;

const OWN_AUTHORITY =
  'Name the file with its authority in NODE_EXTRA_CA_CERTS when starting the server, or give it a certificate of a public authority';

const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: `made its certificate itself. ${OWN_AUTHORITY}`,
  SELF_SIGNED_CERT_IN_CHAIN: `has a certificate of an authority that this server does not know. ${OWN_AUTHORITY}`,
  UNABLE_TO_GET_ISSUER_CERT: `has a certificate of an authority that this server does not know. ${OWN_AUTHORITY}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `has a certificate of an authority that this server does not know. ${OWN_AUTHORITY}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `sends its certificate without the one that signed it. Let it send the whole chain. ${OWN_AUTHORITY}`,
  CERT_HAS_EXPIRED: 'has a certificate that is no longer valid. Renew it there',
  CERT_NOT_YET_VALID: 'has a certificate that is not valid yet. Check the clocks of both machines',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'has a certificate for other names. Enter the name that stands in the certificate',
};

const CONNECTION_PROBLEMS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'was not found: no DNS server knows the name. Check its spelling',
  ENODATA: 'was not found: the name has no address. Check its spelling',
  EAI_AGAIN: "was not looked up: no DNS server answers. Check the server's DNS settings",
  ECONNREFUSED: 'refused the connection: nothing listens there. Check the address and its port',
  ECONNRESET:
    'closed the connection without an answer. Check that the address and its port are of this service',
  EPIPE: 'closed the connection without an answer. Check that the address and its port are of this service',
  ETIMEDOUT: 'did not take the connection. Check the address, and whether a firewall is between',
  EHOSTUNREACH: "cannot be reached from here. Check the server's network and the address",
  ENETUNREACH: "cannot be reached from here. Check the server's network and the address",
};

/** What OpenSSL and Node say for these codes, as nodemailer passes on the words and not the code. */
const WORDS_OF_CODES: readonly (readonly [string, string])[] = [
  ['self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['unable to get local issuer certificate', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  ['unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['certificate has expired', 'CERT_HAS_EXPIRED'],
  ['certificate is not yet valid', 'CERT_NOT_YET_VALID'],
  ["does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ...Object.keys(CONNECTION_PROBLEMS).map((code) => [code, code] as const),
];

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const told = WORDS_OF_CODES.find(([words]) => error.message.includes(words));
  if (told !== undefined) return told[1];
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** What an error of looking up, connecting or speaking to a host means, and what to do about it. */
export function connectionProblem(error: unknown, host: string): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const known = CERTIFICATE_PROBLEMS[code] ?? CONNECTION_PROBLEMS[code];
  if (known !== undefined) return `${host} ${known} (${code}).`;
  if (/wrong version number|packet length too long|http request/i.test(message))
    return `${host} does not speak TLS at that port. Check the port, or enter an address that begins with http:.`;
  if (code.startsWith('HPE_'))
    return `${host} answered with something that is not HTTP (${code}). Check the address and its port.`;
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(code))
    return `${host} and this server agree on no TLS (${code}). Let it offer TLS 1.2 or newer.`;
  return `${host}: ${message}`;
}

/** `undefined` where the header is neither seconds nor a date. */
function headerMs(header: string, now: number): number | undefined {
  const ms = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * SECOND : Date.parse(header) - now;
  return Number.isFinite(ms) ? boundedRetry(ms) : undefined;
}

/** A wait that the far side asks for, milliseconds, from 0 to an hour. */
export const boundedRetry = (ms: number) => Math.min(Math.max(0, Math.ceil(ms)), MAX_RETRY_AFTER_MS);

/** The wait that a 429 or a 503 asks for with Retry-After, milliseconds. */
export function retryAfterMs(
  { status, headers }: { status: number; headers: Readonly<Record<string, string>> },
  now: number,
): number | undefined {
  const header = headers['retry-after'];
  return (status === 429 || status === 503) && header !== undefined ? headerMs(header, now) : undefined;
}

/** What the status of a reply says of the message and the channel, where the service has no words of its own. */
export function problemOfReply(status: number, host: string, reply: string): Problem {
  switch (status) {
    case 401:
    case 403:
      return {
        text: `${host} does not accept the key or password of this channel. Enter a valid one. (${reply})`,
      };
    case 404:
    case 410:
      return {
        text: `${host} does not know this address any more, or never did. Check it, or create a new one there. (${reply})`,
      };
    case 407:
      return { text: `The proxy asks for a login. Put it into HTTPS_PROXY. (${reply})` };
    case 405:
    case 415:
      return { text: `${host} takes no such request at this address. Check the address. (${reply})` };
    case 408:
    case 425:
    case 429:
      return { text: `${host} asks to try again later: too many or too slow requests. (${reply})` };
    case 400:
    case 413:
    case 422:
      return { text: `${host} refused this message. (${reply})`, refused: true };
    default:
      return status >= 500
        ? { text: `${host} is out of order; it is tried again. (${reply})` }
        : { text: `${host} answered something unexpected. Check the address. (${reply})` };
  }
}
