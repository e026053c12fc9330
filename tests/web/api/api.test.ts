import { describe, expect, it } from 'vitest';
import { createApi } from '../../../web/src/api/api.ts';
import { RefusedError, ConnectionError, errorMessage, fieldErrors } from '../../../web/src/api/request.ts';

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

function setUp(answer: (path: string, init: RequestInit) => Response | Promise<Response>, timeoutMs = 1000) {
  let ended = 0;
  const asked: { path: string; init: RequestInit }[] = [];
  const api = createApi({
    timeoutMs,
    onUnauthorized: () => ended++,
    async fetch(path, init) {
      asked.push({ path, init });
      return answer(path, init);
    },
  });
  return { api, asked, ended: () => ended };
}

const thrown = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the API client', () => {
  it('the API client asks for a series by its range and fields, and returns it parsed', async () => {
    const reply = { device_id: 'a b', from: 1, to: 2, step_ms: 1000, series: { cpu: [[1, 2, 3, 4]] } };
    const { api, asked } = setUp(() => json(200, reply));
    expect(await api.series('a b', { from: 1, to: 2, step: 1000, fields: ['cpu', 'core:0:cpu'] })).toEqual(
      reply,
    );
    expect(asked[0]?.path).toBe(
      '/devices/a%20b/metrics?from=1&to=2&step=1000&field=cpu&field=core%3A0%3Acpu',
    );
  });

  it("the API client rejects with the server's error and its wrong fields", async () => {
    const { api, ended } = setUp(() =>
      json(422, {
        error: {
          code: 'invalid_body',
          message: 'No.',
          details: [
            { path: 'condition.clear', message: 'too high' },
            { path: 'condition.clear', message: 'a second one' },
          ],
        },
      }),
    );
    const error = await thrown(api.alertRules.remove('r'));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ status: 422, code: 'invalid_body', message: 'No.' });
    expect(fieldErrors(error)).toEqual(new Map([['condition.clear', 'too high']]));
    expect(ended()).toBe(0);
  });

  it('an error of the API tells how many seconds to wait', async () => {
    const { api } = setUp(() =>
      json(429, { error: { code: 'too_many_attempts', message: 'Wait.' } }, { 'retry-after': '37' }),
    );
    expect(await thrown(api.login('a', 'b'))).toMatchObject({ retryAfterS: 37 });
  });

  it('[L5] a 401 ends the session, unless it is about a wrong password', async () => {
    let code = 'wrong_credentials';
    const { api, ended } = setUp(() => json(401, { error: { code, message: 'No.' } }));
    await thrown(api.login('a', 'b'));
    expect(ended()).toBe(0);
    code = 'not_signed_in';
    await thrown(api.devices());
    expect(ended()).toBe(1);
  });

  it('a server that cannot be reached is a connection error and ends no session', async () => {
    const { api, ended } = setUp(() => Promise.reject(new TypeError('fetch failed')));
    const error = await thrown(api.me());
    expect(error).toMatchObject({ name: 'ConnectionError', reason: 'unreachable' });
    expect(errorMessage(error)).toMatch(/cannot be reached/);
    expect(ended()).toBe(0);
  });

  it('the API client gives up on a server that does not answer in time', async () => {
    const { api } = setUp(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('aborted')));
        }),
      10,
    );
    expect(await thrown(api.me())).toMatchObject({ name: 'ConnectionError', reason: 'timeout' });
  });

  it("a proxy's error page counts as a server that cannot be reached", async () => {
    const { api, ended } = setUp(() => new Response('<h1>Bad gateway</h1>', { status: 502 }));
    expect(await thrown(api.me())).toMatchObject({ name: 'ConnectionError', reason: 'unreachable' });
    expect(ended()).toBe(0);
  });

  it('a reply of an unexpected shape is a connection error', async () => {
    const { api } = setUp(() => json(200, { devices: [{ device_id: 7 }] }));
    expect(await thrown(api.devices())).toBeInstanceOf(ConnectionError);
  });

  it('an empty reply is returned as undefined', async () => {
    const { api } = setUp(() => new Response(null, { status: 204 }));
    expect(await api.logout()).toBeUndefined();
  });
});
