import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parsePush } from '#protocol/sample.ts';
import { startAgent, type RunningAgent } from '../../agent/agent.ts';
import type { Config } from '../../agent/config/config.ts';
import { lockFolder } from '../../agent/data-folder/lock.ts';
import { deviceId } from '../../agent/machine/identity.ts';
import { makeAuthority, makeServerTls, type Authority } from './link/certificates.ts';
import { ownFolder } from './data-folder/folder.ts';
import { keptLog } from './quiet.ts';
import { startServer, type TestServer, type Tls } from './link/server.ts';

let authority: Authority;
let tls: Tls;

beforeAll(async () => {
  ({ authority, tls } = await makeServerTls());
});

function configFor(server: Pick<TestServer, 'port'>, data: string, ca = authority.fingerprint): Config {
  return {
    enrollment: { key: 'key-1', host: '127.0.0.1', port: server.port, ca, tls: true },
    data,
    interval: undefined,
    name: 'box',
    tags: ['rack:1'],
    collectors: [],
    spoolBytes: 1 << 20,
    proxy: undefined,
    processes: 'names',
    custom: { folders: [], freshMs: 3_600_000, targets: [], scrapeEveryMs: 5000, statsd: [] },
    probes: 'public',
    logLevel: 'info',
    warnings: [],
  };
}

async function running(config: Config, log = keptLog()): Promise<RunningAgent> {
  const agent = await startAgent(config, log);
  onTestFinished(() => agent.stop());
  return agent;
}

describe('an agent', () => {
  it('[S1] an agent joins the pinned server, keeps its token in a private file, and pushes samples in columns', async () => {
    const server = await startServer(tls);
    onTestFinished(() => server.close());
    const data = ownFolder();
    const log = keptLog();
    await running(configFor(server, data), log);
    await server.arrived(2);

    const [join1, push] = server.received;
    expect(join1?.path).toBe('/devices/register');
    expect(join1?.body).toMatchObject({
      enrollment_key: 'key-1',
      device_id: deviceId(data, keptLog()),
      name: 'box',
      tags: ['rack:1'],
    });
    expect(push).toMatchObject({ path: '/metrics', authorization: 'Bearer token-1' });
    const [sample] = server.pushes[0]?.samples ?? [];
    expect(Object.keys(sample?.values ?? {})).toEqual(
      expect.arrayContaining(['cpu', 'ram', 'uptime_s', 'core:0:cpu']),
    );
    expect(sample?.t).toBe(Math.floor((sample?.t ?? 0) / 1000) * 1000);
    expect(server.pushes[0]).toMatchObject({
      form: 'columns',
      interval_s: 5,
      device_id: deviceId(data, keptLog()),
    });
    expect(statSync(join(data, 'membership.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, 'identity.json')).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(log.lines)).not.toMatch(/token-1|key-1/);
    // No push failed, so nothing was spooled.
    expect(readdirSync(data)).not.toContain('spool');
  });

  it('an agent pushes as often as the server asks for, and sends each sample once', async () => {
    const server = await startServer(tls);
    onTestFinished(() => server.close());
    const agent = await startAgent(configFor(server, ownFolder()), keptLog());
    await server.arrived(3);
    await agent.stop();
    const times = server.pushes.flatMap(({ samples }) => samples.map(({ t }) => t));
    expect(new Set(times).size).toBe(times.length);
    expect(server.pushes.at(-1)?.interval_s).toBe(1);
  });

  it('[S1] an agent sends nothing to an impostor, not even the enrollment key', async () => {
    const other = await makeAuthority('Watchfloor authority');
    const leaf = await other.issue();
    const own = await startServer({ cert: leaf.cert + other.pem, key: leaf.key });
    onTestFinished(() => own.close());
    // Presents the right authority with a certificate that another one signed.
    const mixed = await startServer({ cert: leaf.cert + authority.pem, key: leaf.key });
    onTestFinished(() => mixed.close());
    for (const server of [own, mixed]) {
      const log = keptLog();
      const agent = await startAgent(configFor(server, ownFolder()), log);
      await expect
        .poll(() => log.lines.filter(({ level }) => level === 'warn'), { timeout: 10_000 })
        .toHaveLength(1);
      expect(JSON.stringify(log.lines)).toMatch(/somebody is in between/);
      await agent.stop();
      expect(server.received).toHaveLength(0);
    }
  });

  it('[S1] an agent sends neither token nor samples to another server at its server’s address', async () => {
    const data = ownFolder();
    const server = await startServer(tls);
    const agent = await startAgent(configFor(server, data), keptLog());
    await server.arrived(2);
    await agent.stop();
    await server.close();

    const other = await makeAuthority('Watchfloor authority');
    const leaf = await other.issue();
    const impostor = await startServer({ cert: leaf.cert + other.pem, key: leaf.key }, server.port);
    onTestFinished(() => impostor.close());
    const log = keptLog();
    const again = await startAgent(configFor(server, data), log);
    await expect
      .poll(() => JSON.stringify(log.lines), { timeout: 10_000 })
      .toMatch(/not the one this agent was enrolled with/);
    await again.stop();
    expect(impostor.received).toHaveLength(0);
  });

  it('[G1] an agent spools while the server is away, and sends every sample once when it is back', async () => {
    const data = ownFolder();
    const first = await startServer(tls);
    const log = keptLog();
    const agent = await startAgent(configFor(first, data), log);
    await first.arrived(3);
    await first.close();
    await expect.poll(() => readdirSync(data), { timeout: 10_000 }).toContain('spool');
    await agent.stop();
    const kept = readdirSync(join(data, 'spool')).filter((name) => name.endsWith('.jsonl'));
    const spooled = kept.flatMap((name) =>
      readFileSync(join(data, 'spool', name), 'utf8')
        .trim()
        .split('\n'),
    );
    expect(spooled.length).toBeGreaterThan(0);

    const second = await startServer(tls, first.port);
    onTestFinished(() => second.close());
    // The stored membership is enough: the agent starts without an enrollment string.
    await running({ ...configFor(first, data), enrollment: undefined });
    await expect.poll(() => readdirSync(join(data, 'spool')), { timeout: 15_000 }).toEqual([]);
    expect(second.received.every(({ path }) => path === '/metrics')).toBe(true);
    const times = [...first.pushes, ...second.pushes].flatMap(({ samples }) => samples.map(({ t }) => t));
    expect(new Set(times).size).toBe(times.length);
  });

  it('[G1] an agent sends in columns what an earlier version spooled with nested instances', async () => {
    const data = ownFolder();
    const t = Date.now() - 3_600_000;
    mkdirSync(join(data, 'spool'));
    writeFileSync(
      join(data, 'spool', '00000001.jsonl'),
      `{"timestamp":${t},"metrics":{"cpu":3.5,"core":{"0":{"cpu":7}}}}\n{"timestamp":${t + 1000},"metrics":{"cpu":4}}\n`,
    );
    const server = await startServer(tls);
    onTestFinished(() => server.close());
    await running(configFor(server, data));
    await expect.poll(() => readdirSync(join(data, 'spool')), { timeout: 10_000 }).toEqual([]);
    const old = server.pushes.filter(({ samples }) => samples[0]?.t === t);
    expect(old.map(({ form }) => form)).toEqual(['columns']);
    expect(old[0]?.samples.map(({ values }) => values)).toEqual([{ cpu: 3.5, 'core:0:cpu': 7 }, { cpu: 4 }]);
  });

  it('[G1] an agent that is stopped during a push without an answer leaves the samples of that push on disk', async () => {
    const data = ownFolder();
    const server = await startServer(tls);
    onTestFinished(() => server.close());
    const agent = await startAgent(configFor(server, data), keptLog());
    await server.arrived(1);
    server.answers.push({ status: 200, silent: true }, { status: 200, silent: true });
    await server.arrived(2);
    await agent.stop();
    const pushed = parsePush(server.received[1]?.body).data?.samples ?? [];
    const spooled = readdirSync(join(data, 'spool'))
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => readFileSync(join(data, 'spool', name), 'utf8'))
      .join('');
    expect(pushed.length).toBeGreaterThan(0);
    for (const { t } of pushed) expect(spooled).toContain(`"timestamp":${t}`);
    (await lockFolder(data, 0))();
  });
});
