import { expect, it } from 'vitest';
import { createAddresses, parseHosts } from '../../../agent/probes/addresses.ts';
import { pingOutcome, pingWith } from '../../../agent/probes/ping.ts';
import { createAllowance } from '../../../agent/probes/allowance.ts';
import { aProbe, closedPort, dnsServer, httpServer, problemOf, tcpServer, tryProbe } from './targets.ts';

it('a probe of a port measures how long connecting takes, over IPv6 too', async () => {
  const port = await tcpServer();
  const { problem, values } = await tryProbe({ kind: 'tcp', target: `127.0.0.1:${port}` });
  expect(problem).toBeUndefined();
  expect(Object.keys(values)).toEqual(['ms']);
  const six = await tcpServer(() => undefined, '::1');
  expect(await problemOf({ kind: 'tcp', target: `[::1]:${six}` })).toBe('none');
});

it('a probe of a port at which nobody listens says so', async () => {
  const port = await closedPort();
  expect(await problemOf({ kind: 'tcp', target: `localhost:${port}`, ip: '4' })).toBe(
    `Error: connection refused by localhost:${port} (127.0.0.1)`,
  );
});

it('a probe of a name asks the resolver that it names, and compares the answers', async () => {
  const resolver = await dnsServer((name, type) => {
    if (name !== 'www.example.org') return 'nxdomain';
    return type === 'A' ? ['192.0.2.7', '192.0.2.8'] : type === 'TXT' ? ['v=spf1 -all'] : [];
  });
  const of = (given: object) => problemOf({ kind: 'dns', target: 'www.example.org', resolver, ...given });
  expect(await tryProbe({ kind: 'dns', target: 'WWW.example.org', resolver })).toMatchObject({
    problem: undefined,
    values: { answers: 2 },
  });
  expect(await of({ expected: '192.0.2.8' })).toBe('none');
  expect(await of({ expected: '192.0.2' })).toBe('expected 192.0.2, got 192.0.2.7, 192.0.2.8');
  expect(await of({ record: 'TXT', expected: 'SPF1' })).toBe('none');
  expect(await of({ record: 'AAAA' })).toBe('Error: www.example.org has no AAAA record');
  expect(await of({ target: 'gone.example.org' })).toBe('Error: there is no name gone.example.org');
});

it('[G6] a resolver is asked only where the agent may probe it', async () => {
  const probe = { kind: 'dns', target: 'a.example', resolver: '10.1.2.3' };
  expect(await problemOf(probe, { allowed: 'public' })).toBe(
    'RefusedError: this agent may not probe 10.1.2.3:53: its setting is “public”',
  );
});

it('[G6] an agent whose setting is “off” begins no probe, and looks up no name for one', async () => {
  const begun: string[] = [];
  const how = { allowed: 'off', doing: (what: string) => void begun.push(what) };
  for (const probe of [
    { kind: 'dns', target: 'a.example' },
    { kind: 'tcp', target: 'a.example:22' },
  ])
    expect(await problemOf(probe, how)).toBe('RefusedError: probing is switched off on this machine');
  expect(begun).toEqual([]);
});

it('[G3] a name server that does not answer ends with the time of the probe', async () => {
  const resolver = await dnsServer(() => 'hang');
  const over = new AbortController();
  const doing = () => void setImmediate(() => over.abort());
  expect(
    await problemOf({ kind: 'dns', target: 'a.example', resolver }, { signal: over.signal, doing }),
  ).toContain('Error: ');
});

it('[G6] what a name is at the moment of connecting counts, not what it was before', async () => {
  const secret = await httpServer((_, reply) => reply.end());
  let asked = 0;
  // The first answer is allowed, the next ones are this machine.
  const server = await dnsServer((_, type) =>
    type === 'A' ? [asked++ === 0 ? '192.0.2.1' : '127.0.0.1'] : [],
  );
  const addresses = createAddresses({ servers: [server], hosts: '/nonexistent' });
  const probe = { kind: 'http', target: `http://rebinds.example:${secret}/` };
  const how = { addresses, allowed: '192.0.2.1', signal: AbortSignal.timeout(100) };
  expect(await problemOf(probe, how)).toContain('192.0.2.1');
  expect(asked).toBe(1);
  expect(await problemOf(probe, { ...how, signal: AbortSignal.timeout(5000) })).toContain(
    `this agent may not probe rebinds.example:${secret} (127.0.0.1)`,
  );
});

it('of several addresses of a name, one that the agent may probe is used', async () => {
  const port = await httpServer((_, reply) => reply.end());
  const server = await dnsServer((_, type) => (type === 'A' ? ['10.9.9.9', '127.0.0.1'] : []));
  const addresses = createAddresses({ servers: [server], hosts: '/nonexistent' });
  expect(
    await problemOf({ kind: 'http', target: `http://two.example:${port}/` }, { addresses, allowed: 'local' }),
  ).toBe('none');
});

it('the hosts of this machine come before the name servers', () => {
  const hosts = parseHosts('127.0.0.1 localhost Lo # me\n#10.0.0.1 no\n::1 localhost\nfe80::1%lo0 zone\n');
  expect(hosts.get('localhost')).toEqual(['127.0.0.1', '::1']);
  expect(hosts.get('lo')).toEqual(['127.0.0.1']);
  expect(hosts.get('no')).toBeUndefined();
});

it('a name that there is not, and one without an address, are told apart', async () => {
  const server = await dnsServer((name) => (name === 'none.example' ? 'nxdomain' : []));
  const find = createAddresses({ servers: [server], hosts: '/nonexistent' });
  const signal = AbortSignal.timeout(5000);
  await expect(find('none.example', 'any', signal)).rejects.toThrow('there is no name none.example');
  await expect(find('empty.example', '4', signal)).rejects.toThrow('empty.example has no address');
  await expect(find('192.0.2.1', '6', signal)).rejects.toThrow('192.0.2.1 is no address of IPv6');
});

it('a ping counts the packets that are lost, and how much their times differ', () => {
  expect(pingOutcome([10, 12, 11], 3, 'a')).toEqual({
    problem: undefined,
    values: { ms: 11, loss: 0, jitter_ms: 1.5 },
  });
  expect(pingOutcome([10], 4, 'a')).toEqual({ problem: undefined, values: { ms: 10, loss: 75 } });
  expect(pingOutcome([], 3, 'a')).toEqual({ problem: 'a does not answer', values: { loss: 100 } });
});

it('[G4] a ping sends its packets over one socket, and asks nothing of a target that it may not probe', async () => {
  const sent: string[] = [];
  const echo = {
    send(address: string) {
      sent.push(address);
      return Promise.resolve(2);
    },
  };
  const attempt = (allowed: string) => ({
    ...{ signal: new AbortController().signal, monotonic: () => performance.now(), now: () => Date.now() },
    ...{ doing: () => undefined, allowance: createAllowance(allowed) },
    addressesOf: (host: string) => Promise.resolve([host]),
  });
  const probe = aProbe({ kind: 'ping', target: '10.0.0.1', count: 2 });
  if (probe.kind !== 'ping') throw new Error('it is a ping');
  await expect(pingWith(echo)(probe, attempt('public'))).rejects.toThrow('may not probe 10.0.0.1');
  expect(sent).toEqual([]);
  expect(await pingWith(echo)(probe, attempt('10.0.0.0/8'))).toMatchObject({ values: { loss: 0, ms: 2 } });
  expect(sent).toEqual(['10.0.0.1', '10.0.0.1']);
});
