import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chronyFloat, createClockSync, parseTracking } from '../../../agent/collectors/clock-sync.ts';
import {
  countUsers,
  createSystemState,
  hasNewerKernel,
  parseUpdates,
} from '../../../agent/collectors/system-state.ts';
import { fixture } from './fixture.ts';
import { contextAt } from './readings.ts';
import { sysFolder } from './sys.ts';

const read = () => undefined;

describe('the state of the system', () => {
  it('a newer kernel of the same flavour than the one that runs wants a reboot', () => {
    const newer = (running: string, ...installed: string[]) =>
      hasNewerKernel(
        installed.map((version) => `vmlinuz-${version}`),
        running,
      );
    expect(newer('6.1.0-9-amd64', '6.1.0-9-amd64', '6.1.0-31-amd64')).toBe(true);
    expect(newer('6.1.0-31-amd64', '6.1.0-9-amd64', '6.1.0-31-amd64')).toBe(false);
    expect(newer('6.1.0-9-amd64', '6.1.0-9-amd64', '6.1.0-31-cloud-amd64')).toBe(false);
    expect(
      newer('5.14.0-427.13.1.el9_4.x86_64', '5.14.0-427.13.1.el9_4.x86_64', '5.14.0-503.el9_5.x86_64'),
    ).toBe(true);
    expect(newer('6.12.43+deb13-amd64', '6.12.43+deb13-amd64', '6.12.48+deb13-amd64')).toBe(true);
    // Not what this machine boots: a container, or a kernel from elsewhere.
    expect(newer('6.18.44-own', '6.1.0-31-amd64')).toBeUndefined();
    expect(newer('6.1.0-9-amd64')).toBeUndefined();
  });

  it('updates are counted as Ubuntu writes them, and no security updates are 0', () => {
    const text =
      '\n12 updates can be applied immediately.\n3 of these updates are standard security updates.\nTo see…';
    expect(parseUpdates(text)).toEqual({ updates: 12, updates_security: 3 });
    expect(parseUpdates('1 update can be applied immediately.\n')).toEqual({
      updates: 1,
      updates_security: 0,
    });
    expect(parseUpdates('')).toEqual({});
  });

  it('people are logged in, services and sessions that close are not', async () => {
    const session = (kind: string, state: string) => `UID=0\nUSER=root\nCLASS=${kind}\nSTATE=${state}\n`;
    expect(
      countUsers([session('user', 'active'), session('user', 'closing'), session('manager', 'active')]),
    ).toBe(1);
    const root = sysFolder({
      'sessions/3': session('user', 'online'),
      'sessions/c1': session('user', 'active'),
      'sessions/3.ref': '',
      'boot/vmlinuz-6.1.0-9-amd64': '',
      'reboot-required': '*** System restart required ***',
    });
    const paths = {
      sessions: join(root, 'sessions'),
      boot: join(root, 'boot'),
      rebootRequired: join(root, 'reboot-required'),
      updates: join(root, 'updates-available'),
    };
    const state = createSystemState(paths, '6.1.0-9-amd64');
    expect(await state.collect(contextAt(0, read))).toEqual({ users: 2, reboot_required: 1 });
    rmSync(paths.rebootRequired);
    writeFileSync(paths.updates, '2 updates can be applied immediately.\n');
    expect(await state.collect(contextAt(60_000, read))).toEqual({
      users: 2,
      reboot_required: 0,
      updates: 2,
      updates_security: 0,
    });
    const none = { sessions: '/nowhere', boot: '/nowhere', rebootRequired: '/nowhere', updates: '/nowhere' };
    expect(await createSystemState(none).collect(contextAt(0, read))).toBe('absent');
  });
});

const [synchronised = '', not = ''] = fixture('chrony-tracking.txt').trim().split('\n');

describe('the clock', () => {
  it('chrony’s answer says whether it sets the clock, and how far off it is', () => {
    expect(parseTracking(Buffer.from(synchronised, 'hex'))).toEqual({
      clock_synchronised: 1,
      clock_offset_ms: 0,
    });
    expect(parseTracking(Buffer.from(not, 'hex'))).toEqual({ clock_synchronised: 0 });
    expect(parseTracking(Buffer.from(synchronised.slice(0, 100), 'hex'))).toBeUndefined();
    const off = Buffer.from(synchronised, 'hex');
    // 2^-9 seconds, the clock behind: exponent −8, coefficient −2^24.
    off.writeInt32BE((-8 << 25) | (-(2 ** 24) & 0x1ff_ffff), 68);
    expect(parseTracking(off)).toEqual({ clock_synchronised: 1, clock_offset_ms: 1.95 });
    expect(chronyFloat((1 << 25) | 1)).toBe(2 ** -24);
  });

  async function chrony(answer: string): Promise<number> {
    const server = createSocket('udp4');
    server.on('message', (_, { port, address }) => server.send(Buffer.from(answer, 'hex'), port, address));
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return server.address().port;
  }

  it('chrony is asked over loopback, and without it timesyncd by its file', async () => {
    const withChrony = createClockSync({ chronyPort: await chrony(not), timesyncd: '/nowhere/at/all' });
    expect(await withChrony.collect(contextAt(0, read))).toEqual({ clock_synchronised: 0 });

    const folder = mkdtempSync(join(tmpdir(), 'watchfloor-timesync-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'synchronized');
    const closed = 1;
    const now = Date.UTC(2026, 0, 1, 12);
    const clock = createClockSync({ chronyPort: closed, timesyncd: file }, () => now);
    expect(await clock.collect(contextAt(0, read))).toEqual({ clock_synchronised: 0 });
    writeFileSync(file, '');
    utimesSync(file, now / 1000, now / 1000 - 60);
    expect(await clock.collect(contextAt(1000, read))).toEqual({ clock_synchronised: 1 });
    utimesSync(file, now / 1000, now / 1000 - 3 * 3600);
    expect(await clock.collect(contextAt(2000, read))).toEqual({ clock_synchronised: 0 });
    const none = createClockSync({ chronyPort: closed, timesyncd: '/nowhere/at/all' });
    expect(await none.collect(contextAt(0, read))).toBe('absent');
  });
});
