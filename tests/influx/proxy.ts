/** A proxy between a history and InfluxDB. It records the Flux of each query, and can refuse queries. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** One `from(...) |> range(...)` of a query. */
export interface BucketRead {
  readonly bucket: string;
  /** The range, epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

export interface Proxy {
  readonly url: string;
  /** From now on requests whose body contains this text get status 500; '' for none. */
  refuse(part: string): void;
  /** What was read since the last call of this. */
  takeReads(): readonly BucketRead[];
  stop(): Promise<void>;
}

const queryBody = z.object({ query: z.string() });
const READ =
  /from\(bucket: "([^"]*)"\) \|> range\(start: time\(v: "([^"]+)"\), stop: time\(v: "([^"]+)"\)\)/g;

export async function startProxy(target: string): Promise<Proxy> {
  let queries: string[] = [];
  let refused = '';
  const server = createServer((request, response) => {
    void (async () => {
      const requestBody = await text(request);
      if (request.url?.startsWith('/api/v2/query'))
        queries.push(queryBody.parse(JSON.parse(requestBody)).query);
      if (refused !== '' && requestBody.includes(refused)) {
        response.writeHead(500, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ code: 'internal error', message: 'refused by the test' }));
        return;
      }
      const reply = await fetch(`${target}${request.url ?? ''}`, {
        method: request.method ?? 'GET',
        headers: {
          authorization: request.headers.authorization ?? '',
          'content-type': request.headers['content-type'] ?? '',
        },
        ...(requestBody === '' ? {} : { body: requestBody }),
      });
      response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await reply.arrayBuffer()));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    refuse: (part) => void (refused = part),
    takeReads() {
      const reads = queries.flatMap((query) =>
        [...query.matchAll(READ)].map(([, bucket = '', from = '', to = '']) => ({
          bucket,
          from: Date.parse(from),
          to: Date.parse(to),
        })),
      );
      queries = [];
      return reads;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
