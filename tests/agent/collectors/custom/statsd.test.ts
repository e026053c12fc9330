import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, lstatSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Fields } from '../../../../agent/collectors/collector.ts';
import type { Address } from '../../../../agent/collectors/custom/line-input.ts';
import { addressesOf } from '../../../../agent/collectors/custom/source-settings.ts';
import { parseLine } from '../../../../agent/collectors/custom/statsd-lines.ts';
import { createTotals, MOST_NAMES, type Totals } from '../../../../agent/collectors/custom/statsd-totals.ts';
import { createStatsd } from '../../../../agent/collectors/custom/statsd.ts';
import { ownFolder } from '../../data-folder/folder.ts';
import { contextAt } from '../readings.ts';

function addLine(totals: Totals, text: string): void {
  const line = parseLine(text);
  if (line === undefined) throw new Error(`${text} is not understood`);
  totals.add(line);
}

/** What lines come to within two seconds. */
function totalOf(...lines: string[]): Fields {
  const totals = createTotals('statsd');
  totals.take(1000);
  for (const text of lines) addLine(totals, text);
  return totals.take(3000);
}

describe('lines of StatsD', () => {
  it('counters become rates per second, with the share that was sent made up for', () => {
    expect(totalOf('jobs:3|c', 'jobs:1|c', 'seen:1|c|@0.1', 'back:-1|c')).toEqual({
      'statsd:-:jobs': 2,
      'statsd:-:seen': 5,
      'statsd:-:back': -0.5,
    });
  });

  it('a gauge is set, or changed by a number with a sign, and a name with a value is a gauge as well', () => {
    expect(totalOf('depth:7|g', 'depth:-2|g', 'depth:+1|g', 'temp -5.5', 'old 3 1700000000')).toEqual({
      'statsd:-:depth': 6,
      'statsd:-:temp': -5.5,
      'statsd:-:old': 3,
    });
  });

  it('timers tell their rate, mean, 95th percentile and maximum', () => {
    const times = Array.from({ length: 100 }, (_, i) => `load:${i + 1}|ms`);
    expect(totalOf(...times)).toEqual({
      'statsd:-:load_count': 50,
      'statsd:-:load_mean': 50.5,
      'statsd:-:load_p95': 95,
      'statsd:-:load_max': 100,
    });
    expect(totalOf('size:10:20:30|h|@0.5', 'd:4|d')).toMatchObject({
      'statsd:-:size_count': 3,
      'statsd:-:size_mean': 20,
      'statsd:-:d_max': 4,
    });
  });

  it('a set tells how many different members it had within ten seconds', () => {
    const totals = createTotals('statsd');
    totals.take(1000);
    for (const text of ['who:anna|s', 'who:ben:2|s', 'who:anna|s']) {
      const line = parseLine(text);
      if (line !== undefined) totals.add(line);
    }
    expect(totals.take(5000)).toEqual({});
    expect(totals.take(11_000)).toEqual({ 'statsd:-:who': 2 });
  });

  it('tags of DogStatsD and of Telegraf make the instance, in whatever order they are sent', () => {
    expect(
      totalOf('jobs:1|c|#queue:mail', 'jobs:1|c|#queue:mail,env:prod', 'jobs:1|c|#env:prod,queue:mail'),
    ).toEqual({
      'statsd:mail:jobs': 0.5,
      'statsd:env=prod, queue=mail:jobs': 1,
    });
    expect(totalOf('jobs,queue=mail:2|c|@1|c:container|T1700000000')).toEqual({ 'statsd:mail:jobs': 1 });
    expect(totalOf('up:1|g|#prod')).toEqual({ 'statsd:prod=:up': 1 });
  });

  it('what is no such line is not understood', () => {
    const wrong = [
      '',
      'a',
      'a b',
      'a:1',
      'a:|c',
      'a:x|c',
      'a:1|q',
      ':1|c',
      'a:1|c|@0',
      'a:1|c|@x',
      'a 1 2 3',
      'a b:1|c',
    ];
    expect(wrong.map(parseLine).filter((line) => line !== undefined)).toEqual([]);
  });

  it('a name that is no longer sent is told for five minutes, and then no more', () => {
    const totals = createTotals('statsd');
    totals.take(0);
    const line = parseLine('jobs:1|c');
    if (line !== undefined) totals.add(line);
    expect(totals.take(1000)).toEqual({ 'statsd:-:jobs': 1 });
    expect(totals.take(300_000)).toEqual({ 'statsd:-:jobs': 0 });
    expect(totals.take(302_000)).toEqual({});
  });

  it('[I8] names, times and members are bounded, however many are sent', () => {
    const totals = createTotals('statsd', () => 0.5);
    totals.take(0);
    let taken = 0;
    for (let i = 0; i < MOST_NAMES + 500; i++) {
      const line = parseLine(`name${i}:1|ms`);
      if (line !== undefined && totals.add(line)) taken++;
    }
    expect(taken).toBe(MOST_NAMES);
    for (let i = 0; i < 100_000; i++) {
      const line = parseLine(`name1:${i}|ms`);
      if (line !== undefined) totals.add(line);
    }
    expect(totals.take(1000)['statsd:-:name1_count']).toBe(100_001);
    expect(Object.keys(totals.declared()).length).toBeLessThanOrEqual(1000);
  });

  it('[I8] what is declared stays the same with more timers than there is room for, and makes room when names go', () => {
    const totals = createTotals('statsd');
    const addAll = (name: string, count: number) => {
      for (let i = 0; i < count; i++) addLine(totals, `${name}${i}:1|ms`);
    };
    totals.take(0);
    addAll('old', 600);
    totals.take(1000);
    const first = totals.declared();
    expect(Object.keys(first)).toHaveLength(1000);
    addAll('old', 600);
    totals.take(2000);
    expect(totals.declared()).toBe(first);
    for (const at of [303_000, 304_000]) {
      addAll('new', 100);
      totals.take(at);
    }
    expect(Object.keys(totals.declared()).length).toBe(400);
    expect(totals.declared()['statsd:*:new99_mean']).toEqual({ unit: 'milliseconds' });
  });

  it('of names and tags that come to the same field the first one counts, and the field is told while both are sent', () => {
    const totals = createTotals('statsd');
    totals.take(1000);
    for (const text of ['jobs:2|c|#queue:mail', 'jobs:4|c|#topic:mail', 'a(b:1|g', 'a)b:2|g'])
      addLine(totals, text);
    expect(totals.take(3000)).toEqual({ 'statsd:mail:jobs': 1, 'statsd:-:a_b': 1 });
    expect(totals.twice()).toEqual(['statsd:mail:jobs', 'statsd:-:a_b']);
    addLine(totals, 'jobs:2|c|#queue:mail');
    totals.take(302_500);
    expect(totals.twice()).toEqual([]);
  });

  it('an address is a port of loopback, or the path of a socket', () => {
    expect(addressesOf('8125')).toEqual([
      { host: '127.0.0.1', port: 8125 },
      { host: '::1', port: 8125, mayLack: true },
    ]);
    expect(addressesOf('[::1]:8125')).toEqual([{ host: '::1', port: 8125 }]);
    expect(addressesOf('/run/x.sock')).toEqual([{ path: '/run/x.sock' }]);
    expect(addressesOf('off')).toEqual([]);
    expect(() => addressesOf('0.0.0.0:8125')).toThrow('not on loopback');
    expect(() => addressesOf('x')).toThrow('neither a port');
  });
});

/** A collector that listens; `sample` takes a sample a second later. */
function listening(...addresses: Address[]) {
  const statsd = createStatsd(addresses);
  onTestFinished(() => statsd.stop?.());
  let at = 0;
  const sample = () => statsd.collect(contextAt((at += 1000), () => undefined));
  void sample();
  return { statsd, sample };
}

function sendTo(port: number, ...packets: string[]): void {
  const socket = createSocket('udp4');
  onTestFinished(() => {
    socket.close();
  });
  for (const packet of packets) socket.send(packet, port, '127.0.0.1');
}

describe('a socket for lines', () => {
  it('packets to its port and lines to its socket are counted together, and wrong ones are told once', async () => {
    const path = join(ownFolder(), 'statsd.sock');
    const { statsd, sample } = listening({ host: '127.0.0.1', port: 0 }, { path });
    await expect.poll(() => existsSync(path) && statsd.ports().length).toBe(1);
    expect(statSync(path).mode & 0o777).toBe(0o666);
    sendTo(statsd.ports()[0] ?? 0, 'jobs:3|c\njobs:1|c\n', 'rubbish', '_e{5,4}:title|text');
    const client = connect(path);
    onTestFinished(() => {
      client.destroy();
    });
    client.end('depth 4\nlevel:2|g');
    const seen: Fields = {};
    await expect
      .poll(() => Object.assign(seen, sample()))
      .toMatchObject({
        'statsd:-:depth': 4,
        'statsd:-:level': 2,
      });
    await expect.poll(() => statsd.trouble?.()).toContain('the first one: "rubbish"');
    expect(Object.keys(Object.assign(seen, sample()))).toContain('statsd:-:jobs');
    expect(statsd.trouble?.()).not.toContain('title');
  });

  it('a port that another program has is a failure that says what to do, and is tried again', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
    const { port } = other.address();
    const { statsd, sample } = listening({ host: '127.0.0.1', port });
    await expect.poll(() => trySample(sample)).toContain(`127.0.0.1:${port} is in use`);
    await new Promise<void>((resolve) => {
      other.close(() => resolve());
    });
    await expect.poll(() => (statsd.ports().length > 0 ? statsd.ports() : trySample(sample))).toEqual([port]);
  });

  it('[G3] a flood is taken up to a bound and told, and the port is open again a second later', async () => {
    const { statsd, sample } = listening({ host: '127.0.0.1', port: 0 });
    await expect.poll(() => statsd.ports().length).toBe(1);
    const [port = 0] = statsd.ports();
    const packet = 'j:1|c\n'.repeat(3000);
    const flooded = () => {
      sendTo(port, packet);
      return statsd.trouble?.() ?? '';
    };
    await expect.poll(flooded, { interval: 5 }).toContain('what is past them is lost');
    expect(statsd.ports()).toEqual([]);
    expect(sample()).toEqual({ 'statsd:-:j': 20_000 });
    await expect.poll(() => statsd.ports().length).toBe(1);
  });

  it('a socket’s file of an agent that was killed is replaced, and any other file is left alone', async () => {
    const path = join(ownFolder(), 'a.sock');
    writeFileSync(path, 'mine');
    const { sample } = listening({ path });
    await expect.poll(() => trySample(sample)).toContain('there is another file in its place');
    const old = createServer().listen(`${path}.first`);
    await once(old, 'listening');
    renameSync(`${path}.first`, path);
    old.close();
    expect(lstatSync(path).isSocket()).toBe(true);
    await expect.poll(() => trySample(sample)).toEqual({});
    connect(path).end('depth 4\n');
    await expect.poll(() => sample()).toMatchObject({ 'statsd:-:depth': 4 });
  });

  it('the socket of an agent that runs stays its own when another agent is given the same path', async () => {
    const path = join(ownFolder(), 'a.sock');
    const { sample } = listening({ path });
    await expect.poll(() => existsSync(path)).toBe(true);
    const inode = lstatSync(path).ino;
    const other = listening({ path });
    await expect.poll(() => trySample(other.sample)).toContain(`${path} is in use`);
    other.statsd.stop?.();
    expect(lstatSync(path).ino).toBe(inode);
    connect(path).end('depth 4\n');
    await expect.poll(() => sample()).toMatchObject({ 'statsd:-:depth': 4 });
  });
});

function trySample(sample: () => unknown): unknown {
  try {
    return sample();
  } catch (error) {
    return String(error);
  }
}
