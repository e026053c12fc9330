import { createServer } from 'node:http';
import { join } from 'node:path';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { containerId, findContainers } from '../../../agent/collectors/container-cgroups.ts';
import {
  createRuntimes,
  parseContainers,
  parseKubernetesLogs,
  type Runtimes,
} from '../../../agent/collectors/container-runtime.ts';
import { useOfVersion1, useOfVersion2 } from '../../../agent/collectors/container-use.ts';
import { createContainers, nameContainers } from '../../../agent/collectors/containers.ts';
import { fixture } from './fixture.ts';
import { contextAt } from './readings.ts';
import { sysFolder } from './sys.ts';

const ID = '219af0d484e664f0041852cedc290cd5a2ae0af0d0373d1cd241ace318337130';
const OTHER = 'b'.repeat(64);

/** The files of a container's group of version 2. */
const group = (path: string, cpuUs: number, more: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(
    Object.entries({
      'cpu.stat': `usage_usec ${cpuUs}\nuser_usec 1\nnr_periods 0\nnr_throttled 0`,
      'memory.current': '5000',
      'memory.stat': 'anon 1000\ninactive_file 2000',
      'memory.max': 'max',
      'pids.current': '3',
      ...more,
    }).map(([file, text]) => [`${path}/${file}`, text]),
  );

const nothing: Runtimes = { facts: new Map(), pods: new Map(), ask: () => Promise.resolve() };
const read = () => undefined;

describe('containers by their control groups', () => {
  it('containers of every runtime are found below the groups that hold them, and no service is one', () => {
    const root = sysFolder({
      [`system.slice/docker-${ID}.scope/cpu.stat`]: '',
      'system.slice/ssh.service/cpu.stat': '',
      [`docker/${OTHER}/cpu.stat`]: '',
      [`machine.slice/libpod-${'c'.repeat(64)}.scope/container/cpu.stat`]: '',
      [`machine.slice/libpod-conmon-${'c'.repeat(64)}.scope/cpu.stat`]: '',
      'machine.slice/machine-db\\x2d1.scope/cpu.stat': '',
      [`kubepods.slice/kubepods-pod1.slice/cri-containerd-${'d'.repeat(64)}.scope/cpu.stat`]: '',
      [`kubepods/burstable/pod12ab-3c/${'e'.repeat(64)}/cpu.stat`]: '',
      'lxc.payload.mail/cpu.stat': '',
      'lxc/old/cpu.stat': '',
      'init.scope/cpu.stat': '',
    });
    const ids = findContainers(root).map(({ id }) => id);
    expect(ids.sort()).toEqual(
      [ID, OTHER, ...['c', 'd', 'e'].map((digit) => digit.repeat(64)), 'db-1', 'mail', 'old'].sort(),
    );
    expect(findContainers('/nowhere')).toEqual([]);
    expect(containerId('session-3.scope', 'user-1000.slice')).toBeUndefined();
  });

  it('what Podman’s container used is read from the files of version 1', () => {
    expect(useOfVersion1((_, file) => fixture(`podman-cgroup1/${file}`))).toEqual({
      cpuUs: 3_881_928.183,
      periods: 105,
      throttled: 44,
      memory: 708_608,
      limit: 67_108_864,
      pids: 2,
      readBytes: undefined,
      writtenBytes: undefined,
      oomKills: 0,
    });
  });

  it('version 2 tells disk traffic for each disk, and a limit of “max” is none', () => {
    const files: Readonly<Record<string, string>> = {
      'cpu.stat': 'usage_usec 900\nuser_usec 500\nnr_periods 10\nnr_throttled 4\n',
      'memory.current': '5000\n',
      'memory.stat': 'anon 1000\ninactive_file 2000\n',
      'memory.max': 'max\n',
      'memory.events': 'low 0\noom 1\noom_kill 2\n',
      'io.stat': '8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=5 wbytes=7 rios=1\n',
    };
    expect(useOfVersion2((_, file) => files[file])).toEqual({
      cpuUs: 900,
      periods: 10,
      throttled: 4,
      memory: 3000,
      limit: undefined,
      pids: undefined,
      readBytes: 15,
      writtenBytes: 27,
      oomKills: 2,
    });
  });

  it('a container’s CPU is a share of all processors, and its memory one of its limit', async () => {
    const path = `system.slice/docker-${ID}.scope`;
    const at = (cpuUs: number, periods: number, throttled: number) =>
      group(path, cpuUs, {
        'cpu.stat': `usage_usec ${cpuUs}\nnr_periods ${periods}\nnr_throttled ${throttled}`,
        'memory.max': '12000',
      });
    const root = sysFolder({ 'cgroup.controllers': 'cpu', ...at(0, 0, 0) });
    const collector = createContainers(root, nothing, 4);
    await collector.collect(contextAt(0, read));
    await collector.collect(contextAt(5000, read));
    renameSync(join(sysFolder(at(10_000_000, 100, 25)), path, 'cpu.stat'), join(root, path, 'cpu.stat'));
    const name = ID.slice(0, 12);
    expect(await collector.collect(contextAt(10_000, read))).toMatchObject({
      [`container:${name}:cpu`]: 50,
      [`container:${name}:throttled`]: 25,
      [`container:${name}:mem_bytes`]: 3000,
      [`container:${name}:ram`]: 25,
      [`container:${name}:pids`]: 3,
      [`container:${name}:restarts`]: 0,
    });
  });

  it('a machine without control groups, and one without containers, has none', async () => {
    expect(await createContainers('/nowhere', nothing).collect(contextAt(0, read))).toBe('absent');
    const bare = sysFolder({ 'cgroup.controllers': 'cpu' });
    expect(await createContainers(bare, nothing).collect(contextAt(0, read))).toBe('absent');
  });

  it('a container whose group was made anew has restarted', async () => {
    const path = 'lxc.payload.mail';
    const root = sysFolder({ 'cgroup.controllers': 'cpu', ...group(path, 5) });
    const collector = createContainers(root, nothing, 1);
    const round = async (at: number) => {
      await collector.collect(contextAt(at, read));
      await Promise.resolve();
      return collector.collect(contextAt(at + 5000, read));
    };
    expect(await round(0)).toHaveProperty('container:mail:restarts', 0);
    const anew = sysFolder(group(path, 1));
    renameSync(join(root, path), join(root, 'gone'));
    renameSync(join(anew, path), join(root, path));
    expect(await round(10_000)).toHaveProperty('container:mail:restarts', 1);
    expect(await round(20_000)).toHaveProperty('container:mail:restarts', 1);
    expect(await round(3_700_000)).toHaveProperty('container:mail:restarts', 0);
  });
});

describe('what a runtime says', () => {
  it('lists of Docker and Podman give names, images, and health where there is a check', () => {
    expect(parseContainers(JSON.parse(fixture('podman-containers.json')))).toEqual([
      { id: ID, name: 'web', image: 'localhost/bb:1', running: true, healthy: true },
    ]);
    const docker = { Id: OTHER, Names: ['/db'], Image: 'postgres:16', State: 'running' };
    const health = (Status: string) => parseContainers([{ ...docker, Status }])[0]?.healthy;
    expect(health('Up 2 hours (unhealthy)')).toBe(false);
    expect(health('Up 2 hours (healthy)')).toBe(true);
    expect(health('Up 2 seconds (health: starting)')).toBeUndefined();
    expect(health('Up 2 hours')).toBeUndefined();
    expect(() => parseContainers({ message: 'no' })).toThrow();
  });

  it('a container of Kubernetes is called by its namespace and pod, and the one that holds its network is left out', () => {
    const pods = parseKubernetesLogs([`web-7d4_shop_nginx-side-${ID}.log`, 'other.log']);
    expect(pods.get(ID)).toBe('shop/web-7d4/nginx-side');
    const groups = [ID, OTHER].map((id) => ({ path: `/kubepods/pod1/${id}`, id, run: 1 }));
    expect(nameContainers(groups, { ...nothing, pods }).map(({ name }) => name)).toEqual([
      'shop/web-7d4/nginx-side',
    ]);
  });

  it('[G3] a runtime that never answers leaves the names known and the containers measured', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchfloor-sock-'));
    const socket = join(folder, 's');
    let hangs = false;
    const server = createServer((_, reply) => {
      if (hangs) reply.destroy();
      else reply.end(fixture('podman-containers.json'));
    }).listen(socket);
    onTestFinished(() => {
      server.close();
      rmSync(folder, { recursive: true });
    });
    const runtimes = createRuntimes([{ socket, path: '/containers/json' }], '/nowhere');
    await runtimes.ask();
    expect(runtimes.facts.get(ID)).toMatchObject({ name: 'web', running: true, healthy: true });
    hangs = true;
    await runtimes.ask();
    expect(runtimes.facts.get(ID)).toMatchObject({ name: 'web', running: undefined, healthy: undefined });
  });

  it('images are described once, and again only when they changed; one that stopped is shown until it is removed', async () => {
    const path = `system.slice/docker-${ID}.scope`;
    const root = sysFolder({ 'cgroup.controllers': 'cpu', ...group(path, 5) });
    const facts = new Map([[ID, { id: ID, name: 'web', image: 'nginx:1', running: true, healthy: false }]]);
    const collector = createContainers(root, { ...nothing, facts }, 1);
    const round = async (at: number) => {
      await collector.collect(contextAt(at, read));
      await Promise.resolve();
      return collector.collect(contextAt(at + 5000, read));
    };
    expect(await round(0)).toMatchObject({ 'container:web:running': 1, 'container:web:healthy': 0 });
    const described = collector.described?.();
    expect(described).toEqual({ containers: [{ name: 'web', image: 'nginx:1' }] });
    await round(10_000);
    expect(collector.described?.()).toBe(described);
    rmSync(join(root, path), { recursive: true });
    facts.set(ID, { id: ID, name: 'web', image: 'nginx:1', running: false, healthy: false });
    await round(20_000);
    expect(await round(30_000)).toEqual({ 'container:web:running': 0 });
    facts.clear();
    await round(40_000);
    expect(await round(50_000)).toBe('absent');
  });
});
