import { describe, expect, it } from 'vitest';
import { truthOf } from '../../../web/src/wall/truth.ts';

const live = { link: 'live', silentMs: 0, hasWebSocket: true, allOld: false } as const;

describe('the truth of a wall', () => {
  it('[W3] a wall without a link says so: at once where the link fell silent, and after 2 s where it was cut', () => {
    expect(truthOf(live)).toEqual({ kind: 'live' });
    expect(truthOf({ ...live, link: 'stale', silentMs: 0 })).toEqual({ kind: 'lost', forMs: 0 });
    expect(truthOf({ ...live, link: 'lost', silentMs: 1999 })).toEqual({ kind: 'live' });
    expect(truthOf({ ...live, link: 'lost', silentMs: 2000 })).toEqual({ kind: 'lost', forMs: 2000 });
    expect(truthOf({ ...live, link: 'connecting', silentMs: 60_000 })).toEqual({
      kind: 'lost',
      forMs: 60_000,
    });
  });

  it('[L4] a wall whose machines are online and all have old values says so, though the link is live', () => {
    expect(truthOf({ ...live, allOld: true })).toEqual({ kind: 'old' });
  });

  it('a wall that was never live says that it connects, and one without WebSocket that it cannot', () => {
    expect(truthOf({ ...live, link: 'connecting', silentMs: undefined })).toEqual({ kind: 'connecting' });
    expect(truthOf({ ...live, hasWebSocket: false })).toEqual({ kind: 'no-websocket' });
  });
});
