/**
 * Makes an hour of a process pass in seconds: `node --import` loads it before the program. The clocks of the process
 * begin at FAST_FROM (epoch milliseconds, in the past) and jump from timer to timer until they have caught up with the
 * real time. Then they are the real ones. No timer is left out on the way, however busy the machine is.
 */
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const RealDate = Date;
const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const realMonotonic = performance.now.bind(performance);
const realUptime = os.uptime;

/** The clocks stand still until somebody waits for less than this, in milliseconds: then the agent has begun to sample. */
const FIRST_WAIT = 1000;
/** Real milliseconds between two jumps: what was begun over sockets and files can end. */
const TURN = 1;

interface Timer {
  due: number;
  job: () => void;
  real: NodeJS.Timeout | undefined;
}

const behindAtFirst = RealDate.now() - Number(process.env['FAST_FROM'] ?? RealDate.now());
let virtual = RealDate.now() - behindAtFirst;
let isCaughtUp = behindAtFirst <= 0;
const waiting = new Set<Timer>();
let hasBegun = false;

const now = () => (isCaughtUp ? RealDate.now() : virtual);
const behind = () => RealDate.now() - now();

function jump(): void {
  const [earliest] = [...waiting].sort((one, other) => one.due - other.due);
  hasBegun ||= earliest !== undefined && earliest.due - virtual <= FIRST_WAIT;
  const next = hasBegun ? earliest : undefined;
  if (next !== undefined && next.due < RealDate.now()) {
    waiting.delete(next);
    virtual = Math.max(virtual, next.due);
    next.job();
  } else if (next !== undefined) {
    isCaughtUp = true;
    for (const timer of waiting) timer.real = realSetTimeout(timer.job, timer.due - RealDate.now());
    waiting.clear();
    process.stderr.write('the clock has caught up\n');
    return;
  }
  realSetTimeout(jump, TURN);
}

function setFastTimeout(job: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout {
  if (isCaughtUp) return realSetTimeout(job, ms, ...args);
  const timer: Timer = { due: virtual + Math.max(1, ms), job: () => job(...args), real: undefined };
  waiting.add(timer);
  const handle = realSetTimeout(() => undefined, 0);
  timers.set(handle, timer);
  return handle;
}

const timers = new WeakMap<NodeJS.Timeout, Timer>();

function clearFastTimeout(handle: NodeJS.Timeout | string | number | undefined): void {
  const timer = typeof handle === 'object' ? timers.get(handle) : undefined;
  if (timer !== undefined) waiting.delete(timer);
  realClearTimeout(timer?.real ?? handle);
}

if (!isCaughtUp) {
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
  performance.now = () => realMonotonic() + behindAtFirst - behind();
  os.uptime = () => realUptime() - behind() / 1000;
  Object.assign(globalThis, { setTimeout: setFastTimeout, clearTimeout: clearFastTimeout });
  syncBuiltinESMExports();
  realSetTimeout(jump, TURN);
}
