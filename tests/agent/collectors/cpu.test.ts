import { describe, expect, it } from 'vitest';
import { createCpu, cpuFields, parseCpuTimes } from '../../../agent/collectors/cpu.ts';
import { fixture } from './fixture.ts';
import { last, over } from './readings.ts';

/** /proc/stat of two cores: ticks of user and idle. */
const stat = (one: [number, number], two: [number, number]) => {
  const line = (name: string, [user, idle]: [number, number]) => `${name} ${user} 0 0 ${idle} 0 0 0 0 0 0\n`;
  return line('cpu ', [one[0] + two[0], one[1] + two[1]]) + line('cpu0', one) + line('cpu1', two);
};

describe('cpu', () => {
  it('cpu fields are the shares of the time between two readings, by kind and by core', async () => {
    // 200 ticks: 60 user, 20 system, 20 stolen, 10 waiting, 90 idle.
    expect(await last(createCpu(), fixture('stat-1.txt'), fixture('stat-2.txt'))).toEqual({
      cpu: 50,
      cpu_user: 30,
      cpu_system: 10,
      cpu_iowait: 5,
      cpu_steal: 10,
      'core:0:cpu': 80,
      'core:1:cpu': 20,
      interrupts: 202,
      context_switches: 206,
      forks: 54,
      processes_blocked: 0,
    });
  });

  it('there are no cpu fields at first, after a reset, and without time in between', async () => {
    const [one, two] = [fixture('stat-1.txt'), fixture('stat-2.txt')];
    const answers = await over(createCpu(), one, two, one, one, undefined);
    expect(answers[1]).toHaveProperty('cpu');
    for (const answer of [answers[0], answers[2], answers[3]])
      expect(JSON.stringify(answer)).not.toMatch(/cpu/);
    expect(answers[4]).toBe('absent');
  });

  it('cpu fields come from the four columns of an old kernel too, and cores may come and go', () => {
    const before = parseCpuTimes('cpu 100 0 100 800\ncpu0 100 0 100 800\n');
    const now = parseCpuTimes('cpu 150 0 100 850\ncpu1 150 0 100 850\n');
    expect(cpuFields(before, now, 100)).toEqual({
      cpu: 50,
      cpu_user: 50,
      cpu_system: 0,
      cpu_iowait: 0,
      cpu_steal: 0,
    });
  });

  it('idle time that moves between idle and waiting is no other share of the processor', () => {
    const fields = (before: string, now: string) => cpuFields(parseCpuTimes(before), parseCpuTimes(now), 100);
    expect(fields('cpu 10 0 10 100 50\n', 'cpu 20 0 10 200 40\n')).toMatchObject({ cpu: 10, cpu_iowait: 0 });
    const moved = fields('cpu 10 0 10 9000 50\n', 'cpu 60 0 10 8050 1050\n');
    expect(moved).toMatchObject({ cpu: 50 });
    expect(moved).not.toHaveProperty('cpu_iowait');
  });

  it('[G8] a core with more ticks than a second has is left out, and so is its way back', async () => {
    const answers = await over(
      createCpu(),
      stat([0, 0], [0, 0]),
      stat([50, 50], [10, 90]),
      stat([1e9, 100], [20, 180]),
      stat([150, 150], [30, 270]),
      stat([200, 200], [40, 360]),
    );
    expect(answers[1]).toMatchObject({ cpu: 30, 'core:0:cpu': 50, 'core:1:cpu': 10 });
    // The sum of all cores holds the lie, too.
    expect(answers[2]).toEqual({ 'core:1:cpu': 10 });
    expect(answers[3]).toEqual({ 'core:1:cpu': 10 });
    expect(answers[4]).toMatchObject({ cpu: 30, 'core:0:cpu': 50 });
  });

  it.each([
    ['its user ticks fall', [0, 5100], [50, 5150]],
    ['its idle ticks jump', [5050, 1e9], [5100, 5100]],
    ['its idle ticks fall', [5060, 0], [5110, 5190]],
    ['it has fewer ticks than a second', [5001, 5001], [5052, 5148]],
  ] satisfies [string, [number, number], [number, number]][])(
    '[G8] a core is left out for the second in which %s',
    async (_, wrong, next) => {
      const other = (second: number): [number, number] => [second * 10, second * 90];
      const answers = await over(
        createCpu(),
        stat([5000, 5000], other(0)),
        stat(wrong, other(1)),
        stat(next, other(2)),
      );
      expect(answers[1]).not.toHaveProperty('core:0:cpu');
      expect(answers[1]).toMatchObject({ 'core:1:cpu': 10 });
      expect(JSON.stringify(answers[2])).not.toContain('100');
    },
  );
});
