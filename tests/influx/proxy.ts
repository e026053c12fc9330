/** Stands between a history and InfluxDB and keeps the Flux that goes by. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** One `from(...) |> range(...)` of a query. */
export interface Asked {
  readonly bucket: string;
  readonly from: number;
  readonly to: number;
}

export interface Proxy {
  readonly url: string;
  /** From now on queries with this in them fail; '' for none. */
  refuse(part: string): void;
  /** What was read since the last call. */
  asked(): readonly Asked[];
  stop(): Promise<void>;
}

const body = z.object({ query: z.string() });
const READ =
  /from\(bucket: "([^"]*)"\) \|> range\(start: time\(v: "([^"]+)"\), stop: time\(v: "([^"]+)"\)\)/g;

export async function startProxy(target: string): Promise<Proxy> {
  let queries: string[] = [];
  let refused = '';
  const server = createServer((request, response) => {
    void (async () => {
      const sent = await text(request);
      if (request.url?.startsWith('/api/v2/query')) queries.push(body.parse(JSON.parse(sent)).query);
      if (refused !== '' && sent.includes(refused)) {
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
        ...(sent === '' ? {} : { body: sent }),
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
    asked() {
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
