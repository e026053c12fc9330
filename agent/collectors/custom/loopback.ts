/** Addresses of this machine alone: what is scraped, and where lines are taken, is nowhere else. */
import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { plainHost } from '#protocol/probe-targets.ts';

/** Whether an address is one of this machine's loopback. */
export function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '');
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}

export class NotLoopbackError extends Error {
  override readonly name = 'NotLoopbackError';
}

/** Looks a name up, and fails where it leads to another machine, whatever it led to before. */
export const loopbackLookup: LookupFunction = (host, options, done) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, []);
    const other = addresses.find(({ address }) => !isLoopback(address));
    if (other !== undefined)
      return done(
        new NotLoopbackError(`${host} is ${other.address}, and only this machine itself is scraped`),
        [],
      );
    const [first] = addresses;
    if (options.all || first === undefined) return done(null, addresses);
    done(null, first.address, first.family);
  });
};

/** A text without what it may hold of a name and a password: all up to an `@`, and what is after a colon and is no port. */
const shown = (text: string) =>
  text.replace(/^((?:[^/]*\/\/)?).*@/s, '$1…@').replace(/^([^/]*\/\/[^/:[]*:)(?!\d+(?:[/?#]|$)).*$/s, '$1…');

/** Why a text is no URL that can be scraped; undefined for one that is. What a name leads to is seen when it is asked. */
export function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return `"${shown(text)}" is no URL, such as http://127.0.0.1:9100/metrics`;
  const { protocol, hostname } = new URL(text);
  if (protocol !== 'http:') return `"${shown(text)}" is not http://: what is on loopback needs no TLS`;
  const host = plainHost(hostname);
  const isOther = isIP(host) !== 0 && !isLoopback(host);
  return isOther ? `"${shown(text)}" is not on loopback: only this machine itself is scraped` : undefined;
}
