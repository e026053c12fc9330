import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../influx/connection.ts';
import { rows } from '../../influx/flux.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import { createLog } from '../../server/app/log.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Starts a server that gives this answer to every request, or never answers. Returns its URL. */
async function startAnswering(reply?: { status: number; message: string }): Promise<string> {
  return startServer((response) => {
    if (reply === undefined) return;
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ code: 'code', message: reply.message }));
  });
}

/** Starts a server that answers every request with `answer`. Returns its URL. */
async function startServer(answer: (response: ServerResponse) => void): Promise<string> {
  server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1');
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

const openAt = (url: string) =>
  openInfluxHistory({ url, token: 't', org: 'o', bucket: 'b', log: createLog('silent') });

test.each([
  ['to a ping', 200, '{"version":"3.0.1"}'],
  ['that it knows no buckets', 404, '{"error":"not found"}'],
])('InfluxDB 3 is recognised by its answer %s, and the error says what to use', async (_, status, body) => {
  const url = await startServer((response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-influxdb-version': '3.0.1' });
    response.end(body);
  });
  const history = await openAt(url);
  await expect(history.fields('d')).rejects.toThrow(/it is InfluxDB 3, .*Watchfloor needs InfluxDB 2/);
  expect(await history.health()).toMatchObject({
    healthy: false,
    detail: expect.stringContaining('InfluxDB 3'),
  });
  await history.close();
});

test('JSON of another program is not taken for an InfluxDB without buckets', async () => {
  const url = await startServer((response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  });
  const history = await openAt(url);
  await expect(history.latest()).rejects.toThrow('something else answers there');
  await history.close();
});

const TABLE =
  '#datatype,string,long,double\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n,,0,1\r\n\r\n';
const FAILED =
  '#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,panic: no cursor,\r\n\r\n';

/** Reads all rows of one answer, with a limit of 200 ms. */
async function readAll(answer: (response: ServerResponse) => void): Promise<number> {
  const url = await startServer(answer);
  const closing = new AbortController();
  const client = connect({ url, token: 't', limitMs: 200, closing: closing.signal });
  let count = 0;
  for await (const { values } of rows(client.getQueryApi('o'), 'query')) count += values.length > 0 ? 1 : 0;
  return count;
}

const csv = { 'content-type': 'text/csv; charset=utf-8' };

test('the rows of a whole answer are read', async () => {
  expect(await readAll((response) => response.writeHead(200, csv).end(TABLE))).toBe(1);
});

test.each<[string, (response: ServerResponse) => void, RegExp]>([
  ['ends with an error', (response) => response.writeHead(200, csv).end(TABLE + FAILED), /panic: no cursor/],
  [
    'is cut off',
    (response) => response.writeHead(200, csv).write(TABLE, () => response.destroy()),
    /aborted/,
  ],
  ['stands still after its first rows', (response) => response.writeHead(200, csv).write(TABLE), /timed out/],
  [
    'is a page for people',
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'),
    /status 200, text\/html/,
  ],
  ['is empty', (response) => response.writeHead(204).end(), /status 204, no content/],
])('[H4] an answer to a query that %s is an error, not a part of the data', async (_, answer, error) => {
  await expect(readAll(answer)).rejects.toThrow(error);
});
