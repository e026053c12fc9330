/** Asks a name server for the records of a name. */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostPortText, parseHost, parseResolver } from '#protocol/probe-targets.ts';
import type { DnsProbe } from '#protocol/probes.ts';
import { errorCode, errorText } from '#protocol/errors.ts';
import { placeWords } from './allowance.ts';
import { checkAllowed, roundMs, type Attempt, type Kind } from './attempt.ts';

const BETWEEN_TRIES_MS = 1000;

/** The answers as people write them. */
async function answersOf(resolver: Resolver, name: string, record: DnsProbe['record']): Promise<string[]> {
  switch (record) {
    case 'A':
      return resolver.resolve4(name);
    case 'AAAA':
      return resolver.resolve6(name);
    case 'CNAME':
      return resolver.resolveCname(name);
    case 'NS':
      return resolver.resolveNs(name);
    case 'PTR':
      return isIP(name) === 0 ? resolver.resolvePtr(name) : resolver.reverse(name);
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`);
    case 'SRV':
      return (await resolver.resolveSrv(name)).map(
        ({ priority, weight, port, name: host }) => `${priority} ${weight} ${port} ${host}`,
      );
    case 'SOA': {
      const { nsname, hostmaster, serial } = await resolver.resolveSoa(name);
      return [`${nsname} ${hostmaster} ${serial}`];
    }
    case 'CAA':
      return (await resolver.resolveCaa(name)).map((each) => JSON.stringify(each));
  }
}

function problemWords(error: unknown, name: string, record: string, server: string): string {
  switch (errorCode(error)) {
    case 'ENOTFOUND':
      return `there is no name ${name}`;
    case 'ENODATA':
      return `${name} has no ${record} record`;
    case 'ESERVFAIL':
      return `${server} cannot answer for ${name}`;
    case 'EREFUSED':
      return `${server} refuses to answer`;
    case 'ECONNREFUSED':
      return `${server} cannot be reached`;
    case 'ETIMEOUT':
      return `${server} did not answer in time`;
    default:
      return `${server}: ${errorText(error)}`;
  }
}

const plain = (text: string) => text.toLowerCase().replace(/\.$/, '');

function isExpected(answers: readonly string[], expected: string): boolean {
  // An address or a name is meant as a whole; of a longer record, a part is enough.
  const wanted = plain(expected);
  return answers.some((answer) =>
    isIP(answer) === 0 ? plain(answer).includes(wanted) : plain(answer) === wanted,
  );
}

/** The resolver that is asked, and what it is called. @throws RefusedError where the agent may not ask it */
function resolverFor({ resolver: text, timeout_s }: DnsProbe, attempt: Attempt) {
  const resolver = new Resolver({ timeout: BETWEEN_TRIES_MS, tries: Math.max(1, Math.floor(timeout_s)) });
  const place = text === '' ? undefined : parseResolver(text);
  if (place === undefined) return { resolver, server: "this machine's name server" };
  const destination = { ...place, address: place.host };
  checkAllowed(attempt, destination);
  resolver.setServers([hostPortText(place)]);
  return { resolver, server: placeWords(destination) };
}

export const tryDns: Kind<DnsProbe> = async (work, attempt) => {
  const { record, expected } = work;
  const name = parseHost(work.target) ?? work.target;
  const { resolver, server } = resolverFor(work, attempt);
  const { signal, monotonic } = attempt;
  attempt.doing(`the answer of ${server}`);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const begun = monotonic();
  try {
    const answers = await answersOf(resolver, name, record);
    const values = { ms: roundMs(monotonic() - begun), answers: answers.length };
    if (expected === '' || isExpected(answers, expected)) return { problem: undefined, values };
    const shown = answers.slice(0, 3).join(', ');
    return { problem: `expected ${expected}, got ${shown === '' ? 'no answer' : shown}`, values };
  } catch (error) {
    throw new Error(problemWords(error, name, record, server), { cause: error });
  } finally {
    signal.removeEventListener('abort', cancel);
  }
};
