/**
 * Writes lines to InfluxDB. It leaves out only what InfluxDB itself names as unacceptable for good; with any
 * other error the write rejects, and the caller sends the same samples again later. InfluxDB overwrites a point
 * by one of the same series and time, so that sending lines twice is harmless.
 */
import { escape, type InfluxDB } from '@influxdata/influxdb-client';
import { HOUR } from '#protocol/span.ts';
import { isTooLarge, rejectionOf, SetupError, type Rejection } from './errors.ts';
import { lineText, type Line } from './lines.ts';

export interface Target {
  readonly client: InfluxDB;
  readonly org: string;
  readonly bucket: string;
  /** InfluxDB has to take lines from this time on, epoch milliseconds: its retention keeps them. */
  readonly heldFrom: number;
  /** Called with a sentence about lines that are left out for good. */
  readonly leftOut: (text: string) => void;
}

/**
 * Resolves when InfluxDB has taken the lines, except for values that it names as unacceptable for good.
 * @throws where InfluxDB cannot take the lines now
 */
export async function writeLines(target: Target, lines: readonly Line[]): Promise<void> {
  if (lines.length === 0) return;
  await send(target, lines, async (error, sent) => {
    const rejection = rejectionOf(error);
    const acceptable = rejection && (await withoutRejected(target, sent, rejection));
    if (acceptable === undefined) throw error;
    // Nothing is known about the other lines: InfluxDB stops at the first error.
    await writeLines(target, acceptable);
  });
}

/** The lines without what the rejection names; undefined where none of them is named. */
async function withoutRejected(
  target: Target,
  lines: readonly Line[],
  rejection: Rejection,
): Promise<readonly Line[] | undefined> {
  const { leftOut, bucket } = target;
  const { message } = rejection;
  switch (rejection.kind) {
    case 'unreadable': {
      const rest = lines.filter((line) => !message.includes(`'${lineText(line)}'`));
      if (rest.length === lines.length) return undefined;
      leftOut(`InfluxDB cannot read some samples for the bucket ${bucket}; they are left out: ${message}`);
      return rest;
    }
    case 'expired': {
      const sorted = lines.toSorted((a, b) => a.t - b.t);
      const last = sorted[rejection.count - 1];
      if (last === undefined) return undefined;
      if (last.t >= target.heldFrom)
        throw new SetupError(
          `it refuses samples as too old for the bucket ${bucket} that its retention keeps by this machine's clock (${message}): check the clocks of both machines, and the bucket's retention`,
        );
      leftOut(`Samples older than the InfluxDB bucket ${bucket} keeps are left out.`);
      return sorted.slice(rejection.count);
    }
    case 'field': {
      const name = escape.tag(rejection.field);
      const isNamed = ([field]: Line['fields'][number]) => field === name;
      const named = lines.filter(({ fields }) => fields.some(isNamed));
      if (named.length === 0) return undefined;
      await writeField(
        target,
        named.map((line) => ({ ...line, fields: line.fields.filter(isNamed) })),
      );
      return lines.flatMap((line) => {
        const fields = line.fields.filter((field) => !isNamed(field));
        return fields.length === 0 ? [] : [{ ...line, fields }];
      });
    }
  }
}

/**
 * Writes lines of one field that InfluxDB has refused somewhere among them. A shard, InfluxDB's file for a range
 * of time, fixes the type of a field, and begins and ends with a whole hour. So the hours are written one by one,
 * and only those that InfluxDB refuses are left out.
 */
async function writeField(target: Target, lines: readonly Line[]): Promise<void> {
  const hours = new Set(lines.map(({ t }) => Math.floor(t / HOUR)));
  for (const hour of hours) {
    const ofHour = lines.filter(({ t }) => Math.floor(t / HOUR) === hour);
    await send(target, ofHour, (error) => {
      const rejection = rejectionOf(error);
      if (rejection?.kind !== 'field') throw error;
      target.leftOut(
        `InfluxDB does not take the values of a field into the bucket ${target.bucket}; they are left out: ${rejection.message.replace(/ dropped=.*/, '')}`,
      );
    });
  }
}

/**
 * Sends lines in one request, or in several where one is too large for InfluxDB or a proxy.
 * @param onError called with the error of a request and its lines
 */
async function send(
  target: Target,
  lines: readonly Line[],
  onError: (error: unknown, lines: readonly Line[]) => void | Promise<void>,
): Promise<void> {
  const query = new URLSearchParams({ org: target.org, bucket: target.bucket, precision: 'ms' });
  try {
    await target.client.transport.request(
      `/api/v2/write?${query.toString()}`,
      lines.map(lineText).join('\n'),
      {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        // Bytes from which the body is sent compressed.
        gzipThreshold: 1000,
      },
    );
  } catch (error) {
    if (!isTooLarge(error) || lines.length === 1) return onError(error, lines);
    const half = lines.length >> 1;
    await send(target, lines.slice(0, half), onError);
    await send(target, lines.slice(half), onError);
  }
}
