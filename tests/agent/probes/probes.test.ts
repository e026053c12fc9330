import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseHost, parseHostPort } from '#protocol/probe-targets.ts';
import { listedProbe, type ListedProbe } from '#protocol/probes.ts';
import { openProbes } from '../../../agent/probes/probes.ts';
import { readList } from '../../../agent/probes/probe-list.ts';
import { createRunner } from '../../../agent/probes/runner.ts';
import { createRandom, type Random } from '../../routes/random-json.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { manualClock } from '../sampling/clock.ts';
import { aProbe } from './targets.ts';

const listed = (name: string, given: object = {}) =>
  aProbe({ kind: 'tcp', target: 'a:1', id: name, name, ...given });

/** An agent's probes with this data folder, and a server that answers with `answer`. */
function agent(data = ownFolder(), answer: { list: unknown } = { list: undefined }) {
  const clock = manualClock();
  const log = keptLog();
  const tried: string[] = [];
  let fetched = 0;
  const probes = openProbes({
    ...{ data, clock, log },
    allowed: 'public',
    fetch() {
      fetched++;
      return answer.list === undefined ? Promise.reject(new Error('away')) : Promise.resolve(answer.list);
    },
    openRunner: () =>
      Promise.resolve(
        createRunner({
          clock,
          random: () => 0,
          tryOnce({ name }) {
            tried.push(name);
            return Promise.resolve({ problem: undefined, values: { ms: 1 } });
          },
        }),
      ),
  });
  const collector = probes.collector.create();
  return {
    ...{ data, clock, log, tried, probes, answer },
    fetched: () => fetched,
    described: () => collector.described?.(),
    async told(version: string | undefined) {
      probes.told(version === undefined ? {} : { probes: version });
      await probes.idle();
      await clock.advance(0);
    },
  };
}
const list = (version: string, ...probes: readonly ListedProbe[]) => ({ version, probes });

it('an agent fetches the list that a reply names, once, and runs it', async () => {
  const { told, tried, fetched, described } = agent(undefined, { list: list('a1', listed('web')) });
  expect(described()).toEqual({ probes_allowed: 'public' });
  await told('a1');
  await told('a1');
  expect(fetched()).toBe(1);
  expect(tried).toEqual(['web']);
  expect(described()).toMatchObject({ probes: [{ name: 'web', state: 'up' }] });
  expect(described()).toBe(described());
});

it('a reply without a list ends the probes, and what was kept of them', async () => {
  const { told, tried, described, data, clock } = agent(undefined, { list: list('a1', listed('web')) });
  await told('a1');
  expect(statSync(join(data, 'probes.json')).mode & 0o777).toBe(0o600);
  await told(undefined);
  await clock.advance(60_000);
  expect(tried).toEqual(['web']);
  expect(described()).toEqual({ probes_allowed: 'public' });
  expect(existsSync(join(data, 'probes.json'))).toBe(false);
});

it('an agent that is started again goes on with its last list while the server is away', async () => {
  const before = agent(undefined, { list: list('a1', listed('web')) });
  await before.told('a1');
  before.probes.stop();
  const after = agent(before.data);
  await after.probes.idle();
  await after.clock.advance(0);
  expect(after.tried).toEqual(['web']);
  // The server is back and has the same list.
  await after.told('a1');
  expect(after.fetched()).toBe(0);
});

it('a list that cannot be fetched is asked for again later, is told once, and leaves the one before as it is', async () => {
  const server: { list: unknown } = { list: list('a1', listed('web')) };
  const { told, tried, fetched, log, clock } = agent(undefined, server);
  await told('a1');
  server.list = undefined;
  for (let i = 0; i < 5; i++) await told('a2');
  expect(fetched()).toBe(2);
  await clock.advance(15_000);
  await told('a2');
  expect(fetched()).toBe(3);
  expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  await clock.advance(30_000);
  expect(tried.length).toBeGreaterThan(1);
});

it('a kept list that is damaged is told, and the server gives another one', async () => {
  const data = ownFolder();
  writeFileSync(join(data, 'probes.json'), '{"version":"a1","probes":[{');
  const { told, tried, log } = agent(data, { list: list('a1', listed('web')) });
  await told(undefined);
  await told('a1');
  expect(tried).toEqual(['web']);
  expect(log.lines[0]?.text).toContain('the kept probes cannot be read');
  expect(JSON.parse(readFileSync(join(data, 'probes.json'), 'utf8'))).toMatchObject({ version: 'a1' });
});

it('[G6] an entry that is wrong costs only itself, and is told to the server', async () => {
  const wrong = { ...listed('new'), kind: 'exec', command: 'reboot' };
  const { told, tried, described } = agent(undefined, {
    list: { version: 'a1', probes: [wrong, 7, listed('web'), listed('web'), { ...listed('x'), extra: 1 }] },
  });
  await told('a1');
  expect(tried).toEqual(['web']);
  expect(described()?.probes?.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'web up',
    'new refused',
    'x refused',
  ]);
  expect(described()?.probes?.[2]?.reason).toContain('a newer version of it may');
});

it.each([
  ['a text', 'rm -rf /'],
  ['a list without a version', { probes: [] }],
  ['too many probes', list('a1', ...Array.from({ length: 51 }, (_, i) => listed(`p${i}`)))],
])('[G6] %s is not taken as a list', async (_, given) => {
  const { told, tried, log } = agent(undefined, { list: given });
  await told('a1');
  expect(tried).toEqual([]);
  expect(log.lines[0]?.text).toContain('cannot be taken');
});

const OTHERS: readonly unknown[] = [
  ...[true, -1, 1e308, NaN, '', 'exec', '$(reboot)', '`id`', '; rm -rf /', '../../etc/passwd', '\u0000'],
  ...['-oProxyCommand=x', 'file:///etc/passwd', 'a:99999', 'x'.repeat(5000), [], [[]], {}, { toString: 1 }],
];
const ODD = [null, ...OTHERS] as const;

/** A probe of which some entries are anything. */
function oddProbe(random: Random): unknown {
  const entries = Object.entries(random.pick([listed('a'), aProbe({ kind: 'ping', target: 'a' })]));
  return Object.fromEntries(
    entries.map(([name, value]) => [
      random.chance(0.05) ? '--odd' : name,
      random.chance(0.2) ? random.pick(ODD) : value,
    ]),
  );
}

it('[G6] whatever the server answers, nothing but whole and known probes is taken', () => {
  const random = createRandom(Number(process.env['WATCHFLOOR_FUZZ_SEED'] ?? 11));
  let taken = 0;
  for (let round = 0; round < 5000; round++) {
    const entries = [oddProbe(random), oddProbe(random), random.pick(ODD)];
    const { probes, refused } = readList({ version: 'a', probes: entries }, 0);
    taken += probes.length;
    for (const probe of probes) {
      expect(listedProbe.parse(probe)).toEqual(probe);
      const isPlace =
        probe.kind === 'ping' ? parseHost(probe.target) : probe.kind === 'tcp' && parseHostPort(probe.target);
      expect(isPlace, probe.target).toBeTruthy();
    }
    expect(probes.length + refused.length).toBeLessThanOrEqual(2);
    for (const { name, reason } of refused) expect(name.length + reason.length).toBeLessThanOrEqual(380);
  }
  expect(taken).toBeGreaterThan(100);
});
