/** What a running agent makes of bad input: by its rule, logged once, and visible in its status. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgent } from '../../agent/agent.ts';
import { loadConfig } from '../../agent/config/config.ts';
import { writeMembership } from '../../agent/link/membership.ts';
import { openSpool } from '../../agent/outgoing/spool.ts';
import { agentStatus, type AgentStatus } from '../../agent/service/agent-status.ts';
import { askAgent } from '../../agent/service/local-socket.ts';
import { runningText } from '../../agent/service/status-text.ts';
import { temporaryFolder } from '../e2e/product.ts';
import { Opened } from '../e2e/opened.ts';
import { makeServerTls, type Authority } from './link/certificates.ts';
import { membershipAt, startServer, type Answer, type TestServer, type Tls } from './link/server.ts';
import { samples } from './outgoing/numbered.ts';
import { keptLog } from './quiet.ts';

type Agent = Awaited<ReturnType<typeof troubled>>;

const opened = new Opened();
let authority: Authority;
let tls: Tls;

const refusal = (status: number, code: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: { error: { code, message: `the server said ${code}` } },
});

/** An agent whose server gives this answer to every push until it is well. */
async function troubled(answer: Answer | undefined, prepare: (data: string) => void = () => undefined) {
  const server: TestServer = await startServer(tls);
  opened.keep(server, (one) => one.close());
  if (answer !== undefined) server.answers.push(...Array<Answer>(1000).fill(answer));
  const data = temporaryFolder();
  prepare(data);
  writeMembership(data, membershipAt(server.port, authority));
  const log = keptLog();
  const loaded = await loadConfig(['--data', data, '--interval', '1', '--collectors', 'load,memory'], {});
  if (loaded.kind !== 'run') throw new Error('the settings ask for help');
  opened.keep(await startAgent(loaded.config, log), (one) => one.stop());
  const status = async (): Promise<AgentStatus> => {
    const asked = await askAgent(data, { ask: 'status' });
    if (asked.kind !== 'answer') throw new Error(asked.kind);
    return agentStatus.parse(JSON.parse(asked.text));
  };
  return { server, data, log, status };
}

/** The bad answers of a server: the kind of failure, and what the reason has to say. */
const ANSWERS: Readonly<Record<string, readonly [Answer, kind: string, reason: RegExp]>> = {
  'a revoked token (401)': [
    refusal(401, 'invalid_token'),
    'unauthorized',
    /does not accept this device's token.*make an enrollment key for the device device-1/,
  ],
  'the token of another device (403)': [refusal(403, 'other_device'), 'unauthorized', /said other_device/],
  'a proxy with a low limit (413)': [
    { status: 413, body: 'too large' },
    'unauthorized',
    /raise the limit of the proxy/,
  ],
  'a busy server (429)': [refusal(429, 'too_fast', { 'retry-after': '1' }), 'busy', /said too_fast/],
  'a failing server (500)': [refusal(500, 'internal'), 'unreachable', /said internal \[internal, 500\]/],
  'garbage (200)': [
    { status: 200, body: '<html>' },
    'unreachable',
    /answers, but not like a Watchfloor server/,
  ],
  'a captive portal (302)': [
    { status: 302, headers: { location: 'http://portal.example/' } },
    'unreachable',
    /HTTP status 302, and points to http:\/\/portal\.example/,
  ],
};

const agents = new Map<string, Agent>();
let hourAhead: Agent;
let unknownField: Agent;
let noSpool: Agent;
let damaged: Agent;

beforeAll(async () => {
  ({ authority, tls } = await makeServerTls());
  for (const [name, [answer]] of Object.entries(ANSWERS)) agents.set(name, await troubled(answer));
  const hourAgo = new Date(Date.now() - 3_600_000).toUTCString();
  hourAhead = await troubled({ status: 200, headers: { date: hourAgo }, also: {} });
  const ignored = { count: 1, samples: 0, fields: [{ field: 'load1', reason: 'has no place' }] };
  unknownField = await troubled({ status: 200, also: { ignored } });
  noSpool = await troubled(refusal(500, 'internal'), (data) => writeFileSync(join(data, 'spool'), ''));
  damaged = await troubled(undefined, (data) => {
    const folder = join(data, 'spool');
    mkdirSync(folder);
    const spool = openSpool(folder, { bytes: 1 << 20, segmentSamples: 10, segmentBytes: 1 << 16 }, keptLog());
    spool.append(samples(0, 25));
    spool.close();
    writeFileSync(
      join(folder, '00000001-10.jsonl.gz'),
      readFileSync(join(folder, '00000001-10.jsonl.gz')).subarray(0, 40),
    );
    const open = join(folder, '00000003.jsonl');
    writeFileSync(open, readFileSync(open, 'utf8').replace('"cpu":22', '"cpu":99'));
  });
}, 60_000);
afterAll(() => opened.close());

const warnings = ({ log }: Agent, pattern: RegExp) =>
  log.lines.filter(({ level, text }) => level !== 'info' && pattern.test(text));

describe('a running agent whose server answers badly', () => {
  it.each(Object.entries(ANSWERS))(
    '[G2] %s is told once in the log, stands in the status with its reason, and no sample is lost',
    async (name, [, kind, reason]) => {
      const agent = agents.get(name);
      if (agent === undefined) throw new Error('it was not started');
      await expect
        .poll(async () => (await agent.status()).push.failing, { timeout: 20_000 })
        .toMatchObject({ kind, reason: expect.stringMatching(reason) });
      // Those that are tried again soon are tried again, and not logged again.
      if (kind !== 'unauthorized')
        await expect
          .poll(async () => (await agent.status()).push.failing?.tries, { timeout: 30_000 })
          .toBeGreaterThan(2);
      expect(warnings(agent, /samples cannot be sent now/)).toHaveLength(1);
      const found = await agent.status();
      expect(found.problems.map(({ text }) => text)).toEqual([expect.stringMatching(/cannot be sent now/)]);
      expect(runningText(found, Date.now())).toMatch(/^ {2}failing +since .* tr(y|ies), next one /m);
      expect(found.spool).toMatchObject({ dropped: 0 });
      expect(found.spool.samples).toBeGreaterThan(0);
    },
  );

  it('[I5] a clock that differs by an hour from the server’s is told once, and stands in the status', async () => {
    await expect
      .poll(async () => (await hourAhead.status()).clock_ahead_s, { timeout: 20_000 })
      .toBeGreaterThan(3590);
    await expect.poll(() => hourAhead.server.received.length, { timeout: 20_000 }).toBeGreaterThan(3);
    expect(warnings(hourAhead, /clock of this machine is .* ahead of the server's/)).toHaveLength(1);
    expect(runningText(await hourAhead.status(), Date.now())).toMatch(
      /^ {2}clock +(59 min|1 h) ahead of the server's: set the one that is wrong$/m,
    );
  });

  it('[I7] a field that the server leaves out is told once, and stands in the status', async () => {
    await expect.poll(() => unknownField.server.received.length, { timeout: 20_000 }).toBeGreaterThan(3);
    await expect
      .poll(async () => (await unknownField.status()).problems.map(({ text }) => text))
      .toContainEqual(expect.stringMatching(/leaves this out .*load1.*has no place/));
    expect(warnings(unknownField, /leaves this out/)).toHaveLength(1);
  });
});

describe('a running agent whose disk fails it', () => {
  it('[G1] a spool that cannot be written is told once, stands in the status, and samples wait in memory', async () => {
    await expect
      .poll(async () => (await noSpool.status()).spool.problem, { timeout: 20_000 })
      .toMatch(/EEXIST|ENOTDIR/);
    await expect
      .poll(async () => (await noSpool.status()).push.failing?.tries, { timeout: 30_000 })
      .toBeGreaterThan(2);
    expect(warnings(noSpool, /the spool cannot be written/)).toHaveLength(1);
    const found = await noSpool.status();
    expect(found.spool.waiting).toBeGreaterThan(0);
    expect(runningText(found, Date.now())).toMatch(/^ +cannot be used: /m);
  });

  it('[G1] of a spool with a file cut short and a changed line, every whole sample arrives and the others are reported', async () => {
    await expect
      .poll(() => damaged.server.pushes.reduce((sum, { dropped }) => sum + (dropped ?? 0), 0), {
        timeout: 20_000,
      })
      .toBe(11);
    const times = new Set(damaged.server.pushes.flatMap((push) => push.samples.map(({ t }) => t)));
    const lost = samples(0, 25).filter(({ t }) => !times.has(t));
    expect(lost).toEqual([...samples(0, 10), ...samples(22, 23)]);
    const { problems, spool } = await damaged.status();
    expect(spool.dropped).toBe(0);
    expect(problems.filter(({ text }) => /is damaged: samples in it are lost/.test(text))).toHaveLength(2);
  });
});
