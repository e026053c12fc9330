import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DEFAULT_WALL_SETTINGS, type WallProgram } from '#protocol/walls.ts';
import { ConnectionError, RefusedError } from '../../../web/src/api/request.ts';
import type { Display } from '../../../web/src/wall/display.svelte.ts';
import { stubRunes } from '../stores/runes.ts';

const program: WallProgram = {
  ...{ name: 'Hall', pages: [], settings: DEFAULT_WALL_SETTINGS, expires_at: null, revision: '1' },
};

/** A server that knows the secret `right`, and a cookie once that was opened. */
class Links {
  opened: string[] = [];
  hasCookie = false;
  problem: Error | undefined;
  revision = '1';

  open = (secret: string) => {
    this.opened.push(secret);
    if (this.problem) return Promise.reject(this.problem);
    if (secret !== 'right') return Promise.reject(new RefusedError(401, 'invalid_display_link', 'Revoked.'));
    this.hasCookie = true;
    return Promise.resolve();
  };
  readonly program = () => {
    if (this.problem) return Promise.reject(this.problem);
    if (!this.hasCookie) return Promise.reject(new RefusedError(401, 'unauthorized', 'Sign in.'));
    return Promise.resolve({ ...program, revision: this.revision });
  };
}

describe('a display', () => {
  let make: (links: Links) => Display;
  beforeAll(async () => {
    stubRunes();
    const loaded = await import('../../../web/src/wall/display.svelte.ts');
    make = (links) => new loaded.Display({ api: () => links, version: '7' });
  });
  afterAll(() => void vi.unstubAllGlobals());

  it('[W1] a secret is exchanged once for a cookie, which is enough from then on', async () => {
    const links = new Links();
    const display = make(links);
    display.take('right');
    for (let i = 0; i < 5; i++) await display.ask();
    expect([display.state, links.opened]).toEqual(['open', ['right']]);
    // A reloaded page has the cookie only.
    const reloaded = make(links);
    await reloaded.ask();
    expect([reloaded.state, links.opened.length]).toEqual(['open', 1]);
  });

  it('the program stays the same object until something of it is different', async () => {
    const links = new Links();
    const display = make(links);
    display.take('right');
    await display.ask();
    const first = display.program;
    await display.ask();
    expect(display.program).toBe(first);
    links.revision = '2';
    await display.ask();
    expect(display.program).not.toBe(first);
  });

  it('[W1] a revoked link goes dark at once, says so, and is opened again only every five minutes', async () => {
    const links = new Links();
    const display = make(links);
    display.take('right');
    await display.ask();
    links.hasCookie = false;
    links.problem = new RefusedError(401, 'invalid_display_link', 'Revoked.');
    await display.ask();
    expect([display.state, display.ended, display.program]).toEqual(['ended', 'revoked', undefined]);
    const tries = links.opened.length;
    for (let i = 0; i < 65; i++) await display.ask();
    expect(links.opened.length - tries).toBe(2);
  });

  it('a link that works again is shown again by itself', async () => {
    const links = new Links();
    const display = make(links);
    display.take('right');
    links.problem = new RefusedError(403, 'address_not_allowed', 'Not from 10.0.0.1.');
    await display.ask();
    expect([display.state, display.ended]).toEqual(['ended', 'not-allowed']);
    links.problem = undefined;
    for (let i = 0; i < 4; i++) await display.ask();
    expect(display.state).toBe('open');
  });

  it('a server that cannot be reached, or has too much to do, changes nothing', async () => {
    const links = new Links();
    const display = make(links);
    display.take('right');
    await display.ask();
    for (const problem of [
      new ConnectionError('unreachable'),
      new RefusedError(429, 'too_many_requests', 'Wait.'),
    ]) {
      links.problem = problem;
      await display.ask();
      expect([display.state, display.program?.name]).toEqual(['open', 'Hall']);
    }
  });

  it('a link whose server cannot be reached at first is opened once it can', async () => {
    const links = new Links();
    const display = make(links);
    display.take('right');
    links.problem = new ConnectionError('unreachable');
    await display.ask();
    expect(display.state).toBe('opening');
    links.problem = undefined;
    await display.ask();
    expect(display.state).toBe('open');
  });

  it.each([
    [422, 'invalid_body'],
    [413, 'too_large'],
  ])(
    '[W1] what is too long for a secret, answered %i, is told like one that is wrong',
    async (status, code) => {
      const links = new Links();
      links.open = () => Promise.reject(new RefusedError(status, code, 'Too long.'));
      const display = make(links);
      display.take('x'.repeat(300));
      await display.ask();
      expect([display.state, display.ended]).toEqual(['ended', 'revoked']);
    },
  );

  it('a screen without a link says so', async () => {
    const display = make(new Links());
    await display.ask();
    expect([display.state, display.ended]).toEqual(['ended', 'no-link']);
  });
});
