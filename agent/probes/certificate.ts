/** What the certificate of a server says: how long it lasts, and why it is not valid where it is not. */
import { checkServerIdentity, type TLSSocket } from 'node:tls';

const DAY_MS = 86_400_000;

export interface Certificate {
  /** Days until it ends; 0 where it has ended. */
  readonly daysLeft: number | undefined;
  /** Why it is not valid, in words; undefined where it is. */
  readonly problem: string | undefined;
}

const days = (count: number) => `${count} ${count === 1 ? 'day' : 'days'}`;

function endWords(leftMs: number): string {
  const ago = Math.floor(-leftMs / DAY_MS);
  return ago === 0 ? 'its certificate expired today' : `its certificate expired ${days(ago)} ago`;
}

/** Why the chain is not trusted, by Node's code. */
function trustWords(code: string): string {
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'its certificate is signed by itself';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'its certificate is signed by an authority that this machine does not trust, or one between them is not sent';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet';
    case 'CERT_HAS_EXPIRED':
      return 'a certificate of its authority has expired';
    case 'CERT_REVOKED':
      return 'its certificate was revoked';
    default:
      return `its certificate is not valid (${code})`;
  }
}

/** @param names its `subjectaltname` as Node gives it: `DNS:a.example, DNS:*.a.example` */
function nameWords(names: string | undefined, host: string): string {
  const all = (names ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  const first = all.slice(0, 3).filter((name) => name !== '');
  const shown = first.length === 0 ? 'no name' : `${first.join(', ')}${all.length > 3 ? ', …' : ''}`;
  return `its certificate is for ${shown}, not for ${host}`;
}

/** `host`: what it has to be for, a name or an address. `now`: epoch milliseconds. */
export function certificateOf(socket: TLSSocket, host: string, now: number): Certificate {
  const certificate = socket.getPeerCertificate();
  const end = Date.parse(certificate.valid_to);
  // A server may have sent none, which leaves an empty object.
  if (Number.isNaN(end)) return { daysLeft: undefined, problem: 'it shows no certificate' };
  const leftMs = end - now;
  const daysLeft = Math.max(0, Math.floor(leftMs / (DAY_MS / 10)) / 10);
  if (leftMs <= 0) return { daysLeft, problem: endWords(leftMs) };
  const { authorizationError: error } = socket;
  if (error !== undefined && error !== null) return { daysLeft, problem: trustWords(String(error)) };
  const other = checkServerIdentity(host, certificate);
  return { daysLeft, problem: other === undefined ? undefined : nameWords(certificate.subjectaltname, host) };
}
