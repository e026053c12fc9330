import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CollectFailure } from '../../../../agent/collectors/collector.ts';
import { loopbackLookup, urlProblem } from '../../../../agent/collectors/custom/loopback.ts';
import { createScrape } from '../../../../agent/collectors/custom/scrape.ts';
import { targetOf } from '../../../../agent/collectors/custom/source-settings.ts';
import { contextAt } from '../readings.ts';

/** A server on loopback that answers as `listener` does. */
async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return `http://127.0.0.1:${address.port}`;
}

function scraping(url: string) {
  const collector = createScrape({ name: 'app', url }, () => 1_795_732_740_000);
  onTestFinished(() => collector.stop?.());
  let at = 0;
  return { collector, scrape: async () => collector.collect(contextAt((at += 1000), () => undefined)) };
}

/** Why a scrape fails, and what is known all the same. */
async function failure(url: string): Promise<{ text: string; fields: object }> {
  try {
    await scraping(url).scrape();
  } catch (error) {
    if (error instanceof CollectFailure) return { text: error.message, fields: error.fields };
    throw error;
  }
  throw new Error('it does not fail');
}

describe('scraping', () => {
  it('an endpoint is asked over one connection, and gives its numbers, that it is up, and how long it took', async () => {
    let asked = 0;
    const connections = new Set<unknown>();
    const url = await serving((request, response) => {
      connections.add(request.socket);
      asked++;
      response.end(
        `# HELP done_total Jobs.\n# TYPE done_total counter\ndone_total ${asked * 100}\ndepth 4\n`,
      );
    });
    const { scrape, collector } = scraping(url);
    expect(await scrape()).toMatchObject({ 'app:-:depth': 4, 'app:-:up': 1 });
    const second = await scrape();
    expect(second).toHaveProperty(['app:-:scrape_duration_seconds']);
    expect(Object(second)['app:-:done_total']).toBeGreaterThan(50);
    expect(connections.size).toBe(1);
    expect(collector.declared?.()).toMatchObject({
      'app:*:up': { label: 'Answers (1) or not (0)' },
      'app:*:done_total': { unit: 'per_second', label: 'Jobs' },
    });
  });

  it('what does not answer as it should is down, and is named with what to do', async () => {
    const url = await serving((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: 'http://192.0.2.1/metrics' }).end();
      else if (request.url === '/closed') response.writeHead(401).end();
      else if (request.url === '/page') response.end('<!doctype html>\n<p>hello</p>\n');
      else if (request.url === '/torn') {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('a 1\n', () => response.destroy());
      } else if (request.url === '/endless') {
        const more = () =>
          response.write(Buffer.alloc(1024 * 1024, 'a 1\n'), () => response.destroyed || more());
        more();
      } else response.writeHead(404).end();
    });
    const reasons: [string, RegExp][] = [
      ['/moved', /redirects to http:\/\/192\.0\.2\.1\/metrics: give the address/],
      ['/closed', /answers 401: give its name and password/],
      ['/page', /without a metric: is this the address of the metrics/],
      ['/torn', /breaks off|ended the connection/],
      ['/endless', /more than 8 MiB/],
      ['/other', /answers 404: the path is wrong/],
    ];
    for (const [path, reason] of reasons) {
      const { text, fields } = await failure(`${url}${path}`);
      expect(text).toMatch(reason);
      expect(fields).toEqual({ 'app:-:up': 0 });
    }
    expect((await failure('http://127.0.0.1:1/metrics')).text).toMatch(/nobody listens there/);
  });

  it('a password in an address is sent, and is in no message', async () => {
    let sent: string | undefined;
    const url = await serving((request, response) => {
      sent = request.headers.authorization;
      response.writeHead(403).end();
    });
    const { text } = await failure(url.replace('://', '://me:secret@'));
    expect(sent).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
    expect(text).not.toContain('secret');
  });

  it('nothing but loopback is ever asked, by address or by a name that leads elsewhere', async () => {
    expect(urlProblem('http://192.0.2.1:9100/metrics')).toContain('only this machine itself is scraped');
    expect(urlProblem('http://[2001:db8::1]/metrics')).toContain('not on loopback');
    expect(urlProblem('https://127.0.0.1/metrics')).toContain('not http://');
    expect(urlProblem('ftp')).toContain('is no URL');
    for (const url of ['http://127.0.0.1:9100/metrics', 'http://[::1]:9100/', 'http://localhost:1/'])
      expect(urlProblem(url)).toBeUndefined();
    const lookUp = (host: string) =>
      new Promise<string>((resolve) =>
        loopbackLookup(host, {}, (error, address) => resolve(error?.message ?? String(address))),
      );
    expect(await lookUp('192.0.2.1')).toContain('only this machine itself is scraped');
    expect(await lookUp('127.0.0.1')).toBe('127.0.0.1');
  });

  it('an endpoint in the settings has a name and a path, or gets them', () => {
    expect(targetOf('node=http://127.0.0.1:9100')).toEqual({
      name: 'node',
      url: 'http://127.0.0.1:9100/metrics',
    });
    expect(targetOf('http://localhost:9187/x?a=b')).toEqual({
      name: 'port9187',
      url: 'http://localhost:9187/x?a=b',
    });
    expect(() => targetOf('node=http://example.test:9100')).not.toThrow();
    expect(() => targetOf('node=http://10.0.0.1:9100')).toThrow('not on loopback');
  });
});
