import { mkdtempSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeMessage, encodeCall, messageLength } from '../../../agent/collectors/dbus-message.ts';
import { openBus } from '../../../agent/collectors/dbus.ts';
import { createUnits, unitPath, watchStarts } from '../../../agent/collectors/units.ts';
import { fixture } from './fixture.ts';
import { contextAt } from './readings.ts';

const read = () => undefined;

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-bus-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A bus that answers each of the client's turns with the next of these bytes, and nothing once they are used up. */
async function replayBus(turns: readonly Buffer[]): Promise<{ path: string; sockets: Set<Socket> }> {
  const path = join(ownFolder(), 'bus');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const left = [...turns];
    socket.on('data', (said) => {
      // The end of signing in has no answer, and may come with the first call.
      if (said.toString('latin1') === 'BEGIN\r\n') return;
      const next = left.shift();
      if (next !== undefined) socket.write(next);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { path, sockets };
}

const recorded = fixture('dbus-failed-unit.txt')
  .trim()
  .split('\n')
  .map((hex) => Buffer.from(hex, 'hex'));

describe('messages of D-Bus', () => {
  it('a call is encoded as it can be read again, with texts and lists of texts', () => {
    const call = {
      destination: 'org.example',
      path: '/a',
      interface: 'org.example.I',
      member: 'M',
      args: ['one', ['two', 'three']],
    };
    const bytes = encodeCall(call, 7);
    expect(messageLength(bytes)).toBe(bytes.length);
    expect(decodeMessage(bytes)).toEqual({ kind: 'other', replyTo: 0, body: ['one', ['two', 'three']] });
  });

  it('the list of failed units of a real systemd is read from its bytes', () => {
    const bytes = recorded.at(-1) ?? Buffer.alloc(0);
    const { kind, body } = decodeMessage(bytes.subarray(0, messageLength(bytes)));
    expect(kind).toBe('reply');
    expect(body).toEqual([
      [['bad.service', 'bad.service', 'loaded', 'failed', 'failed', '', expect.any(String), 0, '', '/']],
    ]);
  });

  it('bytes that are no message are refused, and so is one that says it is endless', () => {
    expect(messageLength(Buffer.alloc(10))).toBeUndefined();
    expect(() => messageLength(Buffer.alloc(16, 0xff))).toThrow('a message is too long');
    expect(() => decodeMessage(Buffer.alloc(16, 0xff))).toThrow();
  });

  it('the path of a unit on D-Bus has its special characters escaped', () => {
    expect(unitPath('ssh@1.service')).toBe('/org/freedesktop/systemd1/unit/ssh_401_2eservice');
    expect(unitPath('1a.service')).toBe('/org/freedesktop/systemd1/unit/_31a_2eservice');
  });
});

describe('units of systemd', () => {
  it('a failed unit is named, and the number of failed units is known', async () => {
    const { path } = await replayBus(recorded);
    const units = createUnits({ sockets: [{ path, isBus: true }], runs: '/nowhere' });
    expect(await units.collect(contextAt(0, read))).toEqual({
      units_failed: 1,
      'unit:bad.service:failed': 1,
      'unit:bad.service:restarts': 0,
    });
    units.stop?.();
    await expect(units.collect(contextAt(1000, read))).resolves.toBe('absent');
  });

  it('a machine without systemd has no units, and is asked again after a minute', async () => {
    const units = createUnits({ sockets: [{ path: '/nowhere/bus', isBus: true }], runs: '/nowhere' });
    expect(await units.collect(contextAt(0, read))).toBe('absent');
    expect(await units.collect(contextAt(10_000, read))).toBe('absent');
    expect(await units.collect(contextAt(70_000, read))).toBe('absent');
  });

  it('[G3] a bus that never answers, and one that refuses this user, ends the attempt', async () => {
    const silent = await replayBus([]);
    await expect(openBus(silent.path, { isBus: true, patienceMs: 20 })).rejects.toThrow('does not answer');
    const refusing = await replayBus([Buffer.from('REJECTED EXTERNAL\r\n')]);
    await expect(openBus(refusing.path, { isBus: true })).rejects.toThrow('does not let this user in');
    const halfway = await replayBus(recorded.slice(0, 2));
    const bus = await openBus(halfway.path, { isBus: true, patienceMs: 20 });
    const call = { destination: 'a.b', path: '/', interface: 'a.b', member: 'M' };
    await expect(bus.call(call)).rejects.toThrow('does not answer');
    expect(bus.isOpen).toBe(false);
    await expect(bus.call(call)).rejects.toThrow('is closed');
  });

  it('a bus that hangs up is told with what to do, until it is tried again after a minute', async () => {
    const path = join(ownFolder(), 'bus');
    let isKnown = false;
    const server = createServer((socket) => {
      const left = [...recorded];
      socket.on('data', (said) => {
        if (said.toString('latin1') === 'BEGIN\r\n') return;
        if (left.length < recorded.length && !isKnown) socket.destroy();
        else socket.write(left.shift() ?? '');
      });
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const units = createUnits({ sockets: [{ path, isBus: true }], runs: '/nowhere' });
    for (const at of [0, 10_000])
      await expect(units.collect(contextAt(at, read))).rejects.toThrow('useradd --system watchfloor-agent');
    isKnown = true;
    expect(await units.collect(contextAt(60_000, read))).toHaveProperty('units_failed', 1);
    units.stop?.();
  });

  it('services that started since the last look are told by the links that systemd keeps', () => {
    const folder = ownFolder();
    const started = watchStarts(folder);
    const start = (unit: string, run: string, second: number) => {
      rmSync(join(folder, `invocation:${unit}`), { force: true });
      symlinkSync(run, join(folder, `invocation:${unit}`));
      utimesSync(folder, second, second);
    };
    start('a.service', '1', 1);
    expect(started()).toEqual([]);
    expect(started()).toEqual([]);
    start('a.service', '2', 2);
    start('b.service', '1', 3);
    start('c.mount', '1', 4);
    expect(started().sort()).toEqual(['a.service', 'b.service']);
    expect(started()).toEqual([]);
    expect(watchStarts('/nowhere')()).toEqual([]);
  });
});
