/** The processor time another process has used, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds of user and system time, all threads; nanosecond-exact where the kernel keeps schedstat. */
export function cpuMicroseconds(pid: number): number {
  return exact(pid) ?? ticks(pid) * 10_000;
}

function exact(pid: number): number | undefined {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    return Number(text.split(' ')[0]) / 1000;
  });
  const total = times.reduce((a, b) => a + b, 0);
  return total > 0 ? total : undefined;
}

/** Processor time of this process and of the children it waited for, in ms. */
export function ownCpuMs(): number {
  return ticks(process.pid, { children: true }) * 10;
}

/**
 * utime + stime in hundredths of a second, on every Linux that Node runs on, and those of ended children where they
 * are asked for. The process name stands before them in parentheses and may hold spaces.
 */
function ticks(pid: number, { children = false } = {}): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const times = fields.slice(11, children ? 15 : 13).map(Number);
  return times.reduce((sum, one) => sum + one, 0);
}
