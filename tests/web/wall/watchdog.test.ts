import { describe, expect, it } from 'vitest';
import { AGAIN_MS, isServed, Reloads, STAY_MS } from '../../../web/src/wall/reloads.ts';
import { FRAME_MS, LINK_MS, MESSAGE_MS, watch, type Fault } from '../../../web/src/wall/watchdog.ts';
import type { LinkState } from '../../../web/src/live/link.ts';

const TICK_MS = 2000;

interface Page {
  now: number;
  visible: boolean;
  draws: boolean;
  link: LinkState;
  heardAt: number;
}

/** A page under a watchdog, whose time a test moves by hand. */
function watched() {
  const found: Fault[] = [];
  const page: Page = { now: 0, visible: true, draws: true, link: 'live', heardAt: 0 };
  const frames: (() => void)[] = [];
  let tick: () => void = () => undefined;
  const stop = watch({
    every: (job) => {
      tick = job;
      return () => (tick = () => undefined);
    },
    now: () => page.now,
    visible: () => page.visible,
    frame: (job) => void frames.push(job),
    link: () => page.link,
    silentMs: () => page.now - page.heardAt,
    found: (fault) => void found.push(fault),
  });
  const pass = (ms: number, hears = true) => {
    for (const end = page.now + ms; page.now < end;) {
      page.now += TICK_MS;
      if (hears) page.heardAt = page.now;
      tick();
      if (!page.draws || !page.visible) continue;
      for (const job of frames.splice(0)) job();
    }
  };
  return { page, found, pass, stop };
}

describe('the watchdog of a wall', () => {
  it('[W2] a page that draws and hears for a day has no fault', () => {
    const { found, pass } = watched();
    pass(86_400_000);
    expect(found).toEqual([]);
  });

  it('[W2] a page that draws nothing any more has a fault', () => {
    const { page, found, pass } = watched();
    pass(60_000);
    page.draws = false;
    pass(FRAME_MS);
    expect(found).toEqual([]);
    pass(2 * TICK_MS);
    expect(found).toContain('no-frames');
  });

  it('a page that is hidden for an hour, or a machine that slept, draws nothing and has no fault', () => {
    const { page, found, pass } = watched();
    page.visible = false;
    pass(3_600_000);
    page.visible = true;
    pass(10_000);
    page.now += 8 * 3_600_000;
    page.heardAt = page.now;
    pass(10_000);
    expect(found).toEqual([]);
  });

  it('[W2] a link that is said to be live and brings nothing is a fault, and so is one that stays away', () => {
    const silent = watched();
    silent.pass(MESSAGE_MS + TICK_MS, false);
    expect(silent.found).toEqual(['no-messages']);
    const lost = watched();
    lost.page.link = 'lost';
    lost.pass(LINK_MS, false);
    expect(lost.found).toEqual([]);
    lost.pass(TICK_MS, false);
    expect(lost.found).toEqual(['no-link']);
  });
});

function memory() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

describe('the reloads of a wall', () => {
  it('[W2] a page that is still wrong after its reload is not reloaded over and over', () => {
    const kept = memory();
    let [now, reloads] = [1_700_000_000_000, 0];
    // Each reload makes a new page, which knows only what the browser keeps.
    for (const end = now + 3_600_000; now < end; now += 3000)
      new Reloads({ memory: kept, now: () => now, reload: () => reloads++ }).request('no-frames');
    expect(reloads).toBe(3_600_000 / AGAIN_MS);
  });

  it('[W2] a second upgrade is loaded too, as soon as the page has stayed for a moment', () => {
    const kept = memory();
    let now = 1_700_000_000_000;
    let reloads = 0;
    const page = () => new Reloads({ memory: kept, now: () => now, reload: () => reloads++ });
    expect(page().request('not 1')).toBe(true);
    now += STAY_MS - 1;
    expect(page().request('not 2')).toBe(false);
    now += 1;
    expect(page().request('not 2')).toBe(true);
    expect(reloads).toBe(2);
  });

  it('a clock that was set back does not keep a wall from reloading', () => {
    const kept = memory();
    let now = 1_700_000_000_000;
    const page = () => new Reloads({ memory: kept, now: () => now, reload: () => undefined });
    page().request('no-frames');
    now -= 7_200_000;
    expect(page().allows('no-frames')).toBe(true);
  });

  it('without storage, a page reloads itself only after it has stayed for long', () => {
    let now = 0;
    const reloads = new Reloads({ memory: null, now: () => now, reload: () => undefined });
    expect(reloads.allows('no-frames')).toBe(false);
    now = AGAIN_MS;
    expect(reloads.allows('no-frames')).toBe(true);
  });

  it('[W2] the new page counts as served once its shell and every file of it can be had', async () => {
    const shell = `<style>@font-face{font-family:"Inter";src:url(/ui/_app/immutable/i.woff2)}.a::after{content:"x"}</style>
      <link href="/ui/_app/immutable/a.css"><script src="/ui/_app/immutable/b.js"></script>
      <script>import("/ui/_app/immutable/b.js")</script>`;
    const server = (files: Readonly<Record<string, string>>) => (input: RequestInfo | URL) => {
      const body = files[String(input)];
      return Promise.resolve(new Response(body ?? '', { status: body === undefined ? 404 : 200 }));
    };
    const whole = {
      '/ui/wall/display': shell,
      '/ui/_app/immutable/a.css': 'a',
      '/ui/_app/immutable/b.js': 'b',
    };
    expect(await isServed(server(whole), '/ui/wall/display')).toBe(true);
    expect(
      await isServed(server({ ...whole, '/ui/wall/display': 'Not built yet.' }), '/ui/wall/display'),
    ).toBe(false);
    const { '/ui/_app/immutable/b.js': missing, ...partly } = whole;
    expect(missing).toBe('b');
    expect(await isServed(server(partly), '/ui/wall/display')).toBe(false);
    expect(await isServed(() => Promise.reject(new TypeError('gone')), '/ui/wall/display')).toBe(false);
  });
});
