/**
 * How much processor time a page uses in a real Chromium: scripts, layout, paint, canvas, garbage collection. Read from
 * the operating system, since DevTools' `TaskDuration` leaves out the drawing of canvases.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright';

/** Of the operating system's clock in `/proc`, in milliseconds. */
const TICK_MS = 10;

/** Milliseconds of processor time that a thread has used; 0 where it has ended. */
function threadMs(path: string): number {
  let stat: string;
  try {
    stat = readFileSync(path, 'utf8');
  } catch {
    return 0; // The thread ended since the folder was read.
  }
  const [, , ...numbers] = stat.slice(stat.lastIndexOf(')')).split(' ');
  return (Number(numbers[10]) + Number(numbers[11])) * TICK_MS;
}

export interface Use {
  /** Milliseconds per second. */
  readonly mainThread: number;
  /** Of all threads that draw pages, and of the process that puts them on the screen. */
  readonly all: number;
}

/** The browser's use over so many seconds. It has one page, as its processes are not told apart. */
export async function measureUse(browser: Browser, seconds: number): Promise<Use> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const drawing = processInfo.filter(({ type }) => type === 'renderer' || type === 'GPU');
  const renderers = drawing.filter(({ type }) => type === 'renderer');
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  const threads = (pid: number) =>
    readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}/stat`);
  const read = () => ({
    // The first thread of a process has its number.
    mainThread: sum(renderers.map(({ id }) => threadMs(`/proc/${id}/task/${id}/stat`))),
    all: sum(drawing.flatMap(({ id }) => threads(id).map(threadMs))),
  });
  const before = read();
  const began = performance.now();
  await pause(seconds * 1000);
  const after = read();
  const passed = (performance.now() - began) / 1000;
  return {
    mainThread: (after.mainThread - before.mainThread) / passed,
    all: (after.all - before.all) / passed,
  };
}
