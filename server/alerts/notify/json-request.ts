/** Requests and replies in JSON. */
import type { z } from 'zod';
import type { OutgoingReply, OutgoingRequest } from './channel.ts';

/** A POST with this body as JSON. */
export function jsonRequest(
  url: string,
  body: unknown,
  more: Omit<OutgoingRequest, 'url' | 'body'> = {},
): OutgoingRequest {
  const headers = { 'content-type': 'application/json; charset=utf-8', ...more.headers };
  return { ...more, url, headers, body: JSON.stringify(body) };
}

/** The body of a reply where it is JSON of this shape; undefined where it is something else. */
export function readJson<T>({ body }: Pick<OutgoingReply, 'body'>, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
