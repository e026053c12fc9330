import { describe, expect, it } from 'vitest';
import { parsePush } from '#protocol/sample.ts';
import { instanceField } from '#protocol/fields.ts';
import { keepNames, sendable } from '../../../agent/collectors/instance-names.ts';

const LONG = '/var/lib/kubelet/pods/'.padEnd(300, 'a');

/** The names that the server keeps of a push with these instances. */
function kept(instances: readonly string[]): string[] {
  const metrics = Object.fromEntries(instances.map((name) => [instanceField('mount', name, 'used'), 50]));
  const push = { device_id: 'd', hostname: 'h', ip: '', timestamp: Date.now(), metrics };
  return Object.keys(parsePush(push).data?.samples[0]?.values ?? {});
}

describe('names of instances', () => {
  it('an ordinary name is sent as it is', () => {
    for (const name of ['/', 'eth0', '/mnt/Überblick ☂', 'a:b', 'coretemp Package id 0', 'x'.repeat(256)])
      expect(sendable(name)).toBe(name);
  });

  it.each([
    ['too long', LONG],
    ['far too long', '/x'.repeat(5000)],
    ['empty', ''],
    ['with a line break', '/mnt/a\nb'],
    ['with a zero byte', '/mnt/a\u0000b'],
    ['with a C1 control', '/mnt/a\u0085b'],
    ['with half a character', '/mnt/a\ud800b'],
    ['turned right to left', '/mnt/\u202egnp.exe'],
    ['long with a character across the cut', `${'😀'.repeat(200)}`],
    ['long with a character across the other cut', `x${'😀'.repeat(200)}`],
  ])('[I7] a name that is %s is sent in a form that the server keeps', (_, name) => {
    const sent = sendable(name);
    expect(kept([sent])).toEqual([`mount:${sent}:used`]);
    expect(sent).toBe(sendable(name));
  });

  it('[I7] names that become equal when they are shortened or cleaned stay different', () => {
    const middle = (letter: string) => `${'a'.repeat(200)}${letter}${'b'.repeat(200)}`;
    const names = [middle('x'), middle('y'), '/a\nb', '/a\tb', '/a?b', '\ud800', '\udbff', '\ufffd', '?'];
    const sent = names.map(sendable);
    expect(new Set(sent).size).toBe(names.length);
    expect(kept(sent)).toHaveLength(names.length);
  });

  it('a shortened name keeps its beginning and its end, by which people know it', () => {
    const sent = sendable(`${LONG}/data`);
    expect(sent).toMatch(/^\/var\/lib\/kubelet\/pods\/a+…a+\/data ~[0-9a-f]{8}$/);
    expect(sent.length).toBeLessThanOrEqual(256);
  });

  it('kept field names are built from the name that can be sent', () => {
    const fieldOf = keepNames((name) => instanceField('sensor', name, 'celsius'));
    expect(fieldOf('a\nb')).toBe(`sensor:${sendable('a\nb')}:celsius`);
    expect(fieldOf('a\nb')).toBe(fieldOf('a\nb'));
  });
});
