import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { writeMembership } from '../../../agent/link/membership.ts';
import { machineName } from '../../../agent/machine/identity.ts';
import { agentStatus } from '../../../agent/service/agent-status.ts';
import { runCommand, startCommand } from '../command.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { makeServerTls, type Authority } from '../link/certificates.ts';
import { membershipAt, startServer, type Tls } from '../link/server.ts';

let authority: Authority;
let tls: Tls;

beforeAll(async () => {
  ({ authority, tls } = await makeServerTls());
});

const status = (data: string, ...flags: string[]) => runCommand(['status', '--data', data, ...flags]);

/** A running agent that is a member of a server; its data folder. */
async function runningAgent() {
  const server = await startServer(tls);
  onTestFinished(() => server.close());
  const data = ownFolder();
  writeMembership(data, membershipAt(server.port, authority));
  const agent = startCommand(['--data', data, '--name', 'db-1']);
  await expect.poll(agent.said, { timeout: 15_000 }).toContain('the agent runs');
  return { server, data, agent };
}

describe('watchfloor-agent status', () => {
  it('[G3] status tells of the running agent: its push, spool, cost, and each collector with its time and pace', async () => {
    const { server, data, agent } = await runningAgent();
    await server.arrived(2);
    const { stdout, status: exit } = await status(data, '--json');
    expect(exit).toBe(0);
    const found = agentStatus.parse(JSON.parse(stdout));
    expect(found).toMatchObject({
      pid: agent.pid,
      data,
      device_id: 'device-1',
      name: 'db-1',
      server: `127.0.0.1:${server.port}`,
      spool: { samples: 0, dropped: 0, limit_bytes: 64 * 1024 * 1024 },
    });
    expect(found.push.failing).toBeUndefined();
    expect(found.push.sent).toBeGreaterThan(0);
    expect(found.cost.memory_bytes).toBeGreaterThan(10e6);
    const cpu = found.collectors.find(({ name }) => name === 'cpu');
    expect(cpu).toMatchObject({ state: 'measures', every_s: 0, failures: 0 });
    expect(cpu?.last_ms).toBeGreaterThan(0);
    expect(cpu?.share).toBeGreaterThan(0);

    const text = (await status(data)).stdout;
    expect(text).toMatch(new RegExp(`runs since .* process ${agent.pid}\n`));
    expect(text).toMatch(/device {5}db-1 \(.*\), device-1\n/);
    // [F4] As the server names this very machine beside another one with a copy of its folder.
    expect(found.machine).toBe(machineName());
    if (found.machine !== undefined) expect(text).toContain(`machine    ${found.machine}\n`);
    expect(text).toMatch(/last push {2}accepted \d+ s ago; a push every 1 s, a sample every 1 s/);
    expect(text).toMatch(/^cpu +measures +sample +\d+ .* ms .* %/m);
    expect(JSON.stringify([text, stdout])).not.toContain('token-1');
  });

  it('[G1] while samples cannot be sent, status tells since when, why and what waits, and exits with 1', async () => {
    const { server, data } = await runningAgent();
    await server.arrived(1);
    await server.close();
    await expect
      .poll(async () => (await status(data)).stdout, { timeout: 20_000 })
      .toMatch(/failing +since .*ECONNREFUSED[\s\S]*spool +\d+ samples in .*, the oldest \d+ s old/);
    const { status: exit, stdout } = await status(data, '--json');
    expect(exit).toBe(1);
    const { push, spool, problems } = agentStatus.parse(JSON.parse(stdout));
    expect(push.failing).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    expect(push.next_at).toBeGreaterThan(push.failing?.since ?? Infinity);
    expect(spool.samples).toBeGreaterThan(0);
    expect(problems.map(({ text }) => text)).toEqual([expect.stringMatching(/samples cannot be sent now/)]);
  });

  it('a stopped or hanging agent is told from one that does not run', async () => {
    const { data, agent } = await runningAgent();
    agent.signal('SIGSTOP');
    const silent = await status(data);
    expect(silent.status).toBe(1);
    expect(silent.stdout).toContain(
      `The agent (process ${agent.pid}) with the data folder ${data} does not answer`,
    );
    agent.signal('SIGKILL');
    await agent.ended;
    const gone = await status(data);
    expect(gone.status).toBe(3);
    expect(gone.stdout).toMatch(/^No agent runs with the data folder/);
    expect(gone.stdout).toMatch(/device +device-1\n +server +127\.0\.0\.1:\d+\n/);
  });

  it('where no agent ever ran, status says so and exits with 3, in JSON too', async () => {
    const data = join(ownFolder(), 'none');
    expect(await status(data)).toMatchObject({ status: 3, stdout: expect.stringContaining('No agent runs') });
    const { stdout } = await status(data, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'stopped', data, spool: { samples: 0 } });
  });
});
