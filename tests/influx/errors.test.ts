import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { openInfluxHistory } from '../../influx/influx.ts';
import { createLog } from '../../server/app/log.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Starts a server that gives this answer to every request, or never answers. Returns its URL. */
async function startAnswering(reply?: { status: number; message: string }): Promise<string> {
  server = createServer((_, response) => {
    if (reply === undefined) return;
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ code: 'code', message: reply.message }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
}

test.each([
  [401, 'unauthorized access', 'it does not accept INFLUX_TOKEN'],
  [401, 'read:orgs/1/buckets is unauthorized', /INFLUX_TOKEN may not do this .*read and write access/],
  [403, 'insufficient permissions for write', /INFLUX_TOKEN may not do this .*read and write access/],
  [404, 'organization name "o" not found', /no such organisation .*check INFLUX_ORG/],
  [404, '404 page not found', /check INFLUX_ORG and INFLUX_BUCKET/],
  [500, 'internal error', 'it answered 500 (internal error)'],
  [503, 'loading', 'it answered 503 (loading)'],
])(
  'when InfluxDB answers %i "%s", the error says what to do and holds no token',
  async (status, message, expected) => {
    const url = await startAnswering({ status, message });
    const access = { url, token: 'secret', org: 'o', bucket: 'b', log: createLog('silent') };
    const history = await openInfluxHistory(access);
    const error: unknown = await history.fields('d').catch((thrown: unknown) => thrown);
    const text = error instanceof Error ? error.message : '';
    expect(text).toMatch(expected);
    expect(text).toContain(`InfluxDB at ${url} does not list fields: `);
    expect(text).not.toContain('secret');
    await history.close();
  },
);

test('when InfluxDB accepts the connection but never answers, the error and the health say so', async () => {
  const url = await startAnswering();
  const access = { url, token: 't', org: 'o', bucket: 'b', log: createLog('silent'), timeoutMs: 100 };
  const history = await openInfluxHistory(access);
  const samples = [{ t: Date.now(), values: { cpu: 1 } }];
  await expect(history.write([{ deviceId: 'd', samples }], 1)).rejects.toThrow('did not answer in time');
  expect(await history.health()).toMatchObject({
    healthy: false,
    detail: expect.stringContaining('did not answer in time'),
  });
  await history.close();
});
