import { describe, expect, it } from 'vitest';
import {
  commandIn,
  containerIn,
  fullName,
  parseUsers,
  readFacts,
  userIn,
} from '../../../../agent/collectors/top-processes/facts.ts';

const ID = '3f4e5d6c7b8a9f0e1d2c3b4a5f6e7d8c9b0a1f2e3d4c5b6a7f8e9d0c1b2a3f4e';

describe('what is read of a listed process', () => {
  it.each([
    ['docker with cgroup v1', `12:pids:/docker/${ID}\n1:cpu:/docker/${ID}\n`, 'docker 3f4e5d6c7b8a'],
    ['docker under systemd', `0::/system.slice/docker-${ID}.scope\n`, 'docker 3f4e5d6c7b8a'],
    ['podman', `0::/machine.slice/libpod-${ID}.scope/container\n`, 'podman 3f4e5d6c7b8a'],
    [
      'containerd of Kubernetes',
      `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope\n`,
      'kubernetes 3f4e5d6c7b8a',
    ],
    ['Kubernetes with cgroup v1', `4:memory:/kubepods/burstable/pod77/${ID}\n`, 'kubernetes 3f4e5d6c7b8a'],
    ['LXC', '0::/lxc.payload.mail/system.slice/postfix.service\n', 'lxc mail'],
    ['nspawn', '0::/machine.slice/systemd-nspawn@build\\x2d1.service/payload\n', 'nspawn build-1'],
    ['a service', '0::/system.slice/nginx.service\n', null],
    ['nothing', '', null],
  ])('the container of a process in %s is found in its cgroup', (_, cgroup, expected) => {
    expect(containerIn(cgroup)).toBe(expected);
  });

  it('the user is the one whose rights the process has', () => {
    expect(userIn('Name:\tsudo\nUid:\t1000\t0\t0\t0\nGid:\t1000\t0\t0\t0\n')).toBe(0);
    expect(userIn('')).toBeUndefined();
    expect(
      parseUsers('root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/sh\nnot a line\n'),
    ).toEqual(
      new Map([
        [0, 'root'],
        [1000, 'ada'],
      ]),
    );
  });

  it('a name that the kernel cut is completed from the arguments where they begin like it', () => {
    expect(fullName('postgres', '/usr/lib/postgresql/15/bin/postgres\0-D\0')).toBe('postgres');
    expect(fullName('prometheus-node', '/usr/bin/prometheus-node-exporter\0--web\0')).toBe(
      'prometheus-node-exporter',
    );
    expect(
      fullName('unattended-upgr', '/usr/bin/python3\0/usr/bin/unattended-upgrade-shutdown\0--wait\0'),
    ).toBe('unattended-upgrade-shutdown');
    expect(fullName('kworker/u8:18-e', '')).toBe('kworker/u8:18-e');
  });

  it('arguments are read only where the settings want them', () => {
    const asked: string[] = [];
    const files: Readonly<Record<string, string>> = {
      cmdline: 'mysql\0--password=secret\0',
      status: 'Uid:\t5\t5\t5\t5\n',
      cgroup: '',
    };
    const text = (_: number, file: string) => {
      asked.push(file);
      return files[file];
    };
    const userName = (id: number) => `user ${id}`;
    const parts = { folder: { text }, userName };
    expect(readFacts(7, 'mysql', { ...parts, withArguments: false })).toEqual({
      name: 'mysql',
      user: 'user 5',
      container: null,
    });
    expect(asked).not.toContain('cmdline');
    expect(readFacts(7, 'mysql', { ...parts, withArguments: true })).toMatchObject({
      command: 'mysql --password=secret',
    });
    expect(commandIn('\0\0')).toBeUndefined();
  });
});
