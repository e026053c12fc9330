import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError } from '../../../web/src/api/request.ts';
import { DrawnFields } from '../../../web/src/stores/drawn-fields.svelte.ts';
import { stubRunes } from './runes.ts';

beforeEach(() => {
  vi.useFakeTimers();
  stubRunes();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A list of drawn fields whose requests the test answers by hand. */
function setUp({ buckets = 300 } = {}) {
  const requests: {
    fields: readonly string[];
    signal: AbortSignal;
    end: (error?: Error) => Promise<void>;
  }[] = [];
  const drawn = new DrawnFields({
    buckets: () => buckets,
    fetch: (fields, signal) =>
      new Promise((resolve, reject) => {
        const end = async (error?: Error) => {
          if (error) reject(error);
          else resolve();
          await vi.advanceTimersByTimeAsync(0);
        };
        requests.push({ fields, signal, end });
      }),
  });
  const asked = () => {
    vi.advanceTimersByTime(1);
    return requests.map(({ fields }) => fields);
  };
  return { drawn, requests, asked };
}

describe('[L6] the drawn fields', () => {
  it('[L6] charts that come on the screen together are fetched by one request, and later ones by another', () => {
    const { drawn, asked } = setUp();
    drawn.draw(['cpu', 'cpu_user']);
    drawn.draw(['ram']);
    expect(asked()).toEqual([['cpu', 'cpu_user', 'ram']]);
    drawn.draw(['ram', 'disk']);
    expect(asked().slice(1)).toEqual([['disk']]);
  });

  it('[L6] a renewal fetches what is drawn then, not what is out of sight', () => {
    const { drawn, requests, asked } = setUp();
    const leave = drawn.draw(['cpu']);
    drawn.draw(['ram']);
    asked();
    leave();
    leave();
    drawn.renew();
    expect(asked().slice(1)).toEqual([['ram']]);
    expect(requests[0]?.signal.aborted).toBe(true);
    drawn.draw(['cpu']);
    expect(asked().slice(2)).toEqual([['cpu']]);
  });

  it('[L6] thousands of fields are fetched by requests that are short enough for every server', () => {
    const { drawn, asked } = setUp({ buckets: 400 });
    const fields = Array.from({ length: 4000 }, (_, i) => `mount:/var/lib/kubelet/pods/${i}:used`);
    drawn.draw(fields);
    const requests = asked();
    expect(requests.flat()).toEqual(fields);
    for (const one of requests) {
      const query = new URLSearchParams(one.map((field) => ['field', field]));
      expect(String(query).length).toBeLessThan(3200);
      expect(one.length * 400).toBeLessThanOrEqual(60_000);
    }
    drawn.draw(['x'.repeat(5000)]);
    expect(asked().at(-1)).toHaveLength(1);
  });

  it('[L6] a problem stays until all requests of a later renewal succeed', async () => {
    const { drawn, requests, asked } = setUp({ buckets: 60_000 });
    drawn.draw(['cpu', 'ram']);
    asked();
    expect(drawn.loading).toBe(true);
    await requests[0]?.end(new ConnectionError('unreachable'));
    await requests[1]?.end();
    expect(drawn.loading).toBe(false);
    expect(drawn.problem).toContain('cannot be reached');
    drawn.renew();
    asked();
    expect(drawn.problem).toContain('cannot be reached');
    await requests[2]?.end();
    expect(drawn.problem).toContain('cannot be reached');
    await requests[3]?.end();
    expect(drawn.problem).toBe('');
  });

  it('[L6] a request that is no longer wanted tells of no problem', async () => {
    const { drawn, requests, asked } = setUp();
    drawn.draw(['cpu']);
    asked();
    drawn.stop();
    await requests[0]?.end(new Error('aborted'));
    expect(drawn.problem).toBe('');
  });
});
