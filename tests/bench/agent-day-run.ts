/**
 * A day of the agent in a few minutes, for `agent-day.ts`: the whole agent with its collectors, on a clock that jumps to
 * the next thing to do. Prints a line after the first hour and at the end, each when garbage is collected, and goes on
 * when it reads one.
 */
import { createInterface } from 'node:readline';
import { startAgent } from '../../agent/agent.ts';
import { loadConfig } from '../../agent/config/config.ts';
import { createLog } from '../../agent/log.ts';
import type { Clock } from '../../agent/sampling/clock.ts';

const HOUR_MS = 3_600_000;
const HOURS = 24;

interface Job {
  readonly at: number;
  readonly run: () => void;
}

/** A clock whose time passes only by `step`, which runs the next job. */
function createJumpingClock(): { readonly clock: Clock; step(): Promise<number> } {
  const begun = Date.now();
  const jobs = new Set<Job>();
  let passed = 0;
  const clock: Clock = {
    now: () => begun + passed,
    monotonic: () => passed,
    uptime: () => passed,
    after(ms, run) {
      const job = { at: passed + ms, run };
      jobs.add(job);
      return () => jobs.delete(job);
    },
  };
  /** Lets what is under way in the process come to its end: a push of the last job, and its reply. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 1));
  return {
    clock,
    async step() {
      const [next] = [...jobs].sort((one, other) => one.at - other.at);
      if (next === undefined) throw new Error('the agent has nothing to do any more');
      jobs.delete(next);
      passed = Math.max(passed, next.at);
      next.run();
      await settle();
      return passed;
    },
  };
}

async function main(): Promise<void> {
  const started = await loadConfig([], process.env);
  if (started.kind !== 'run') throw new Error('no settings');
  const { clock, step } = createJumpingClock();
  const lines = createInterface({ input: process.stdin });
  const agent = await startAgent(started.config, createLog('warn', process.stderr), { clock });
  for (const hours of [1, HOURS]) {
    while ((await step()) < hours * HOUR_MS);
    globalThis.gc?.();
    const heapMiB = process.memoryUsage().heapUsed / 1024 / 1024;
    console.log(`after ${hours} h: ${heapMiB}`);
    await new Promise((resolve) => lines.once('line', resolve));
  }
  lines.close();
  await agent.stop();
}

await main();
