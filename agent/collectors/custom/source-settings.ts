/** What an administrator writes for an endpoint to scrape, and for where lines are taken. */
import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import type { Address } from './line-input.ts';
import { isLoopback, urlProblem } from './loopback.ts';
import type { Target } from './scrape.ts';

/**
 * `node=http://127.0.0.1:9100/metrics`, or the URL alone, which is called by its port: `port9100`.
 * @throws Error which says what is wrong
 */
export function targetOf(text: string): Target {
  const [, name, url] = /^([A-Za-z][A-Za-z0-9_.-]*)=(.+)$/.exec(text) ?? [];
  const problem = urlProblem(url ?? text);
  if (problem !== undefined) throw new Error(problem);
  const asked = new URL(url ?? text);
  if (asked.pathname === '/' && asked.search === '') asked.pathname = '/metrics';
  return { name: name ?? `port${asked.port === '' ? 80 : asked.port}`, url: asked.href };
}

/**
 * `8125`: that port of both loopback addresses; `127.0.0.1:8125`; `/run/…/statsd.sock`.
 * @throws Error which says what is wrong
 */
export function addressesOf(text: string): readonly Address[] {
  if (text === 'off') return [];
  if (isAbsolute(text)) return [{ path: text }];
  const [, host, digits = ''] = /^(?:\[?([^\]]+)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535)
    throw new Error(`"${text}" is neither a port (8125) nor the absolute path of a socket`);
  if (host === undefined)
    return [
      { host: '127.0.0.1', port },
      { host: '::1', port, mayLack: true },
    ];
  if (isIP(host) === 0 || !isLoopback(host))
    throw new Error(`"${text}" is not on loopback: lines are taken from this machine alone`);
  return [{ host, port }];
}
