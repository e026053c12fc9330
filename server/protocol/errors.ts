/** Every error code the API answers, with its HTTP status and the message a person reads. */
import type { ErrorReply } from './api.ts';

const CATALOGUE = {
  invalid_json: [400, 'The body is not valid JSON.'],
  invalid_encoding: [400, 'The body could not be decompressed: it is not what its Content-Encoding says.'],
  invalid_host: [400, 'The Host header must be one name or address, with or without a port.'],
  invalid_query: [400, 'The query is not valid.'],
  wrong_credentials: [401, 'The user name or the password is wrong.'],
  not_signed_in: [401, 'Sign in first: there is no valid session.'],
  invalid_token: [401, 'The device token is missing, unknown or revoked. Enroll this machine again.'],
  invalid_enrollment_key: [
    401,
    'The enrollment key is unknown, used up or expired. Make a new one under Settings.',
  ],
  invalid_display_link: [
    401,
    'This display link is unknown, was replaced or was removed. Ask for a new one.',
  ],
  invalid_scrape_token: [401, 'Send the scrape token as "Authorization: Bearer …", or sign in.'],
  forbidden: [403, 'Your role may not do this.'],
  foreign_origin: [403, 'This request came from another site.'],
  address_not_allowed: [403, 'Requests from this address are not allowed.'],
  display_link_expired: [403, 'This display link has expired. Ask for a new one.'],
  other_device: [403, 'This token belongs to another device.'],
  not_found: [404, 'There is nothing at this address.'],
  unknown_device: [404, 'There is no such device.'],
  unknown_item: [404, 'There is no such item.'],
  method_not_allowed: [405, 'This address does not take that method.'],
  body_timeout: [408, 'The body did not arrive in time.'],
  device_exists: [
    409,
    'A device with this id is registered, and this machine did not prove that it is that device. To let it join as ' +
      'that device, make an enrollment key for it (POST /enrollment-keys with "device_id"); else remove the device.',
  ],
  device_revoked: [
    409,
    'The token of this device was revoked. To let it join again, make an enrollment key for it ' +
      '(POST /enrollment-keys with "device_id").',
  ],
  device_removed: [
    409,
    'This device was removed. To let it join again, make a new enrollment key: one made before the removal is not accepted.',
  ],
  user_exists: [409, 'There is a user of this name already.'],
  no_conflict: [
    409,
    'These machines no longer push as one, or that one is no agent: there is nothing to separate.',
  ],
  view_exists: [409, 'There is a view of this name already.'],
  probe_exists: [409, 'There is a probe of this name already.'],
  too_many: [409, 'There are too many of these already.'],
  last_admin: [409, 'This is the last administrator; there must be one.'],
  own_account: [409, 'You cannot do this to the account you are signed in with.'],
  board_changed: [409, 'Somebody else has changed this board since it was opened.'],
  too_many_items: [409, 'The server keeps no more of these. Remove one first.'],
  too_large: [413, 'The body is too large: at most 1 MiB, inflated.'],
  unsupported_encoding: [415, 'The Content-Encoding must be gzip, zstd or none.'],
  invalid_parent: [422, 'The machine cannot depend on that one.'],
  silence_ended: [422, 'The silence would have ended before it began, or before now.'],
  invalid_picture: [422, 'The picture cannot be used.'],
  invalid_body: [422, 'The body does not have the expected shape.'],
  clock_ahead: [
    422,
    'A sample lies more than 5 minutes in the future. Correct the clock, or send "sent_at".',
  ],
  too_many_attempts: [429, 'Too many sign-in attempts. Wait, then try again.'],
  too_fast: [429, 'This device pushes faster than the server takes it.'],
  internal: [500, 'Something went wrong on the server; its log says what.'],
  overloaded: [503, 'The server is past its budget right now. Try again shortly.'],
  not_stored: [
    503,
    'The samples could not be written to disk, so they were not accepted. Try again shortly.',
  ],
  not_saved: [
    503,
    'The change could not be written to disk, so it was not made. The server page says what is wrong.',
  ],
  history_unavailable: [503, 'The history cannot be read right now.'],
  not_ready: [503, 'The server cannot store samples right now.'],
  stopping: [503, 'The server is stopping.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ErrorCode = keyof typeof CATALOGUE;

export interface ErrorDetail {
  /** The wrong field, as `samples.3.metrics.cpu`. */
  readonly path: string;
  readonly message: string;
}

interface ApiErrorOptions {
  readonly details?: readonly ErrorDetail[];
  readonly retryAfterS?: number;
  /** Replaces the catalogue's message. */
  readonly message?: string;
}

/**
 * The message of any thrown value, for a log or a person. Node throws an AggregateError when it tried to
 * connect to several addresses of one host; the messages of all attempts are then joined.
 */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join(', ');
  return error instanceof Error ? error.message || error.name : String(error);
}

/** The `code` of a system error (`ENOENT`); '' for an error without one. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** An error that the server sends to the client that made the request. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: readonly ErrorDetail[] | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, { details, retryAfterS, message }: ApiErrorOptions = {}) {
    super(message ?? CATALOGUE[code][1]);
    this.code = code;
    this.status = CATALOGUE[code][0];
    this.details = details;
    this.retryAfterS = retryAfterS;
  }

  /** The JSON body of the reply. */
  get body(): ErrorReply {
    const { code, message, details } = this;
    return { error: { code, message, ...(details ? { details: [...details] } : {}) } };
  }
}
