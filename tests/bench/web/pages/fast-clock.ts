/**
 * The page's time: it runs as usual until somebody fast-forwards it. Timers, frames, `Date` and `performance.now` follow
 * it; promises settle between two timers, as they do in a browser.
 */

interface Timer {
  at: number;
  /** Milliseconds; undefined for a timer that runs once. */
  readonly every: number | undefined;
  readonly job: () => void;
}

/** While time runs as usual, it moves on every so many milliseconds. */
const TICK_MS = 10;
/** Between two frames. */
const FRAME_MS = 16;
/** How many real milliseconds are fast-forwarded until the browser may lay out, paint and collect garbage. */
const SLICE_MS = 50;
/** Promises that wait for one another settle within so many turns. */
const TURNS = 12;

const RealDate = Date;
const { setTimeout: realTimeout, setInterval: realInterval } = window;
const realNow = performance.now.bind(performance);

const timers = new Map<number, Timer>();
let now = RealDate.now();
const began = now;
let lastId = 0;
let isFast = false;

function add(job: unknown, ms: unknown, repeats: boolean): number {
  const wait = Math.max(1, Number(ms ?? 0) || 0);
  lastId++;
  if (typeof job === 'function')
    timers.set(lastId, {
      at: now + wait,
      every: repeats ? wait : undefined,
      job: () => void Reflect.apply(job, undefined, []),
    });
  return lastId;
}

const drop = (id: unknown) => void timers.delete(Number(id));

Object.defineProperty(window, 'Date', {
  value: new Proxy(RealDate, {
    construct: (target, parts: unknown[]) => Reflect.construct(target, parts.length === 0 ? [now] : parts),
    apply: () => new RealDate(now).toString(),
    get: (target, name) => (name === 'now' ? () => now : Reflect.get(target, name)),
  }),
});
Object.defineProperty(performance, 'now', { value: () => now - began });
Object.assign(window, {
  setTimeout: (job: unknown, ms: unknown) => add(job, ms, false),
  setInterval: (job: unknown, ms: unknown) => add(job, ms, true),
  clearTimeout: drop,
  clearInterval: drop,
  requestAnimationFrame: (draw: FrameRequestCallback) => add(() => draw(now - began), FRAME_MS, false),
  cancelAnimationFrame: drop,
});

/** Requests that have no answer yet: meanwhile no time passes, or each would seem to take hours. */
let pending = 0;
const realFetch = window.fetch.bind(window);
/** By address: the page asks every 20 seconds which version the server has. */
const versions = new Map<string, string>();

async function fetchNow(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const address = input instanceof Request ? input.url : String(input);
  const known = versions.get(address);
  // Not a clone: a clone of a clone reads through all of them, and there are a hundred thousand.
  if (known !== undefined) return new Response(known);
  pending++;
  try {
    const answer = await realFetch(input, init);
    if (address.endsWith('/version.json')) versions.set(address, await answer.clone().text());
    return answer;
  } finally {
    pending--;
  }
}
Object.assign(window, { fetch: fetchNow });

function nextTimer(): [number, Timer] | undefined {
  let found: [number, Timer] | undefined;
  for (const entry of timers) if (found === undefined || entry[1].at < found[1].at) found = entry;
  return found;
}

/** Runs the timers that are due until `to`, one after the other. */
async function advance(to: number): Promise<void> {
  let sliceEnd = realNow() + SLICE_MS;
  for (;;) {
    const next = nextTimer();
    if (next === undefined || next[1].at > to) break;
    const [id, timer] = next;
    now = Math.max(now, timer.at);
    if (timer.every === undefined) timers.delete(id);
    else timer.at += timer.every;
    timer.job();
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    if (realNow() < sliceEnd && pending === 0) continue;
    do await new Promise((resolve) => realTimeout(resolve, 0));
    while (pending > 0);
    sliceEnd = realNow() + SLICE_MS;
  }
  now = Math.max(now, to);
}

let before = realNow();
realInterval(() => {
  const passed = realNow() - before;
  before = realNow();
  if (!isFast) void advance(now + passed);
}, TICK_MS);

/** Lets `ms` milliseconds pass as fast as the page can. */
export async function fastForward(ms: number): Promise<void> {
  isFast = true;
  await advance(now + ms);
  isFast = false;
}
