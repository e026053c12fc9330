import { describe, expect, it } from 'vitest';
import { nameIn, parseStat } from '../../../../agent/collectors/top-processes/stat.ts';

/** Recorded: a Node program, a kernel thread, and a browser's renderer whose name has a space. */
const NODE =
  '25369 (node) R 25356 25343 25343 0 -1 4194304 1030377 2217 31 0 2412 335 7 2 20 0 17 0 1266512 45386813440 371001 18446744073709551615 4194304 56034405 140727745806288 0 0 0 0 4096 134234626 0 0 0 17 1 0 0 1 0 0 69423104 69612552 1009537024 140727745812411 140727745812501 140727745812501 140727745814480 0\n';
const KTHREAD =
  '15 (rcu_preempt) I 2 0 0 0 -1 2129984 0 0 0 0 0 812 0 0 20 0 1 0 4 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n';
const read = (line: string) => {
  const bytes = Buffer.from(line);
  return { ...parseStat(bytes, bytes.length), name: nameIn(bytes, bytes.length) };
};

describe('/proc/<pid>/stat', () => {
  it('a process is read with its time, that of its ended children, its beginning and its memory', () => {
    expect(read(NODE)).toEqual({
      pid: 25369,
      name: 'node',
      state: 'R',
      parent: 25356,
      isKernel: false,
      ticks: 2412 + 335,
      endedTicks: 7 + 2,
      started: 1266512,
      pages: 371001,
    });
  });

  it('a thread of the kernel is known as one', () => {
    expect(read(KTHREAD)).toMatchObject({ name: 'rcu_preempt', isKernel: true, ticks: 812, state: 'I' });
  });

  it.each([
    ['spaces', 'Web Content', 'Web Content'],
    ['parentheses', '(sd-pam)', '(sd-pam)'],
    ['a closing parenthesis and numbers that look like fields', 'a) S 1 (b', 'a) S 1 (b'],
    ['characters that are no UTF-8 name of anything', 'ü€', 'ü€'],
  ])('a name with %s does not move the numbers', (_, name, expected) => {
    expect(read(NODE.replace('(node)', `(${name})`))).toMatchObject({
      name: expected,
      state: 'R',
      parent: 25356,
      ticks: 2747,
    });
  });

  it.each([
    ['an empty text', ''],
    ['a line that is cut', NODE.slice(0, 60)],
    ['something else', 'cpu  1 2 3\n'],
    ['bytes of an earlier line after its end', 'x'],
  ])('%s is no reading', (_, line) => {
    const bytes = Buffer.from(line.padEnd(400, '\0'));
    expect(parseStat(bytes, line.length)).toBeUndefined();
  });
});
