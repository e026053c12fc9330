/** A Prometheus endpoint on loopback, asked at its own pace. Nothing but this machine itself is ever asked. */
import { Agent, get } from 'node:http';
import { errorCode, errorText } from '#protocol/errors.ts';
import { instanceField } from '#protocol/fields.ts';
import { WHOLE } from '#protocol/meaning.ts';
import type { Declarations } from '#protocol/declarations.ts';
import { CollectFailure, type Collector, type Fields } from '../collector.ts';
import { onChange } from '../on-change.ts';
import { parseExposition, type KnownSeries } from './exposition.ts';
import { kindOf } from './field-names.ts';
import { isLoopback, loopbackLookup } from './loopback.ts';
import { createReadings, significant } from './readings.ts';

/** How long an answer may take, in milliseconds. */
const PATIENCE = 5000;
const MOST_BYTES = 8 * 1024 * 1024;
const ACCEPT = 'text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.9, */*;q=0.1';

export interface Target {
  /** What its metrics are called by. */
  readonly name: string;
  readonly url: string;
}

/** What a failure means, and what to do. */
function whyFailed(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ECONNREFUSED') return 'nobody listens there: is the exporter running, and is the port right?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known: give 127.0.0.1 instead';
  if (code === 'ECONNRESET') return 'it ended the connection';
  return errorText(error);
}

function statusProblem(status: number, location: string | undefined): string {
  if (status >= 300 && status < 400)
    return `it redirects to ${(location ?? 'nowhere').slice(0, 200)}: give the address that has the metrics`;
  if (status === 401 || status === 403)
    return `it answers ${status}: give its name and password, http://name:password@127.0.0.1:…`;
  if (status === 404) return 'it answers 404: the path is wrong, most have /metrics';
  return `it answers ${status}`;
}

/** Resolves with the text of an endpoint. */
function fetchText(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, lookup: loopbackLookup, headers: { accept: ACCEPT } });
    const fail = (error: unknown) => {
      request.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const timer = setTimeout(
      () => fail(new Error(`it does not answer within ${PATIENCE / 1000} s`)),
      PATIENCE,
    );
    request.on('close', () => clearTimeout(timer));
    request.on('error', fail);
    request.on('response', (response) => {
      response.on('error', fail);
      const { statusCode = 0, headers, socket } = response;
      if (!isLoopback(socket.remoteAddress ?? '')) return fail(new Error('it is not on this machine'));
      if (statusCode !== 200) return fail(new Error(statusProblem(statusCode, headers.location)));
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > MOST_BYTES) fail(new Error(`it answers more than ${MOST_BYTES / 1024 / 1024} MiB`));
      });
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      // An answer that breaks off.
      response.on('aborted', () => fail(new Error('its answer breaks off')));
    });
  });
}

/** The URL without what it holds of a password. */
function shownUrl(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '…';
  return shown.href;
}

/** @param now epoch milliseconds */
export function createScrape({ name, url }: Target, now: () => number): Collector {
  const kind = kindOf(name);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const readings = createReadings(kind);
  const known: KnownSeries = new Map();
  const up = instanceField(kind, WHOLE, 'up');
  const duration = instanceField(kind, WHOLE, 'scrape_duration_seconds');
  const own: Declarations = {
    [`${kind}:*:up`]: { unit: 'count', label: 'Answers (1) or not (0)' },
    [`${kind}:*:scrape_duration_seconds`]: { unit: 'seconds', label: 'Time to answer' },
  };
  const withOwn = onChange((parts: readonly Declarations[]): Declarations =>
    Object.assign({}, own, ...parts),
  );
  let trouble: string | undefined;

  const take = (text: string, at: number, ms: number): Fields => {
    const exposition = parseExposition(text, known);
    const fields = readings.take(exposition, at, now());
    const problems = [...exposition.problems, ...readings.problems()];
    trouble = problems.length === 0 ? undefined : `${shownUrl(url)}: ${problems.slice(0, 3).join('; ')}`;
    if (exposition.points.length === 0)
      throw new Error('it answers without a metric: is this the address of the metrics?');
    return { ...fields, [up]: 1, [duration]: significant(ms / 1000) };
  };

  return {
    async collect({ at }) {
      try {
        const begun = performance.now();
        const text = await fetchText(url, agent);
        const ms = performance.now() - begun;
        return take(text, at + ms, ms);
      } catch (error) {
        throw new CollectFailure(`${shownUrl(url)}: ${whyFailed(error)}`, { [up]: 0 });
      }
    },
    declared: () => withOwn([readings.declared()]),
    trouble: () => trouble,
    stop: () => agent.destroy(),
  };
}
