/**
 * What a kind of channel is: the settings it needs, and how it sends a message. Each kind is one file in `channels/`
 * and one line in `channels.ts`; CONTRIBUTING.md shows how to add one.
 */
import type { z } from 'zod';
import type { Message } from './message.ts';
import type { Outgoing } from './outgoing.ts';

/** What the far side said to a message that it took. */
export interface Answer {
  /** What was asked of whom: `POST https://ntfy.sh/…`. Secrets in it are removed before anybody sees it. */
  readonly request: string;
  /** What it answered, such as `200 OK: {"id": "…"}`; it is cut when it is stored. */
  readonly text: string;
}

/** One message on its way to one channel. */
export interface Delivery<Settings> {
  readonly settings: Settings;
  readonly message: Message;
  /** Makes HTTP requests and opens sockets, within the limits that hold for this channel. */
  readonly outgoing: Outgoing;
}

/**
 * A message was not delivered. The text says what is wrong, where, and what to do, and may hold what the far side
 * answered; secrets in it are removed before anybody sees it.
 */
export class DeliveryError extends Error {
  /** What was asked of whom; empty where nothing was sent. */
  readonly request: string;
  /** How long the far side asks to wait, milliseconds; undefined where it does not say. */
  readonly retryAfterMs: number | undefined;
  /** Whether the far side refused this very message, so that the same message will be refused again. */
  readonly refused: boolean;

  constructor(
    message: string,
    {
      request = '',
      retryAfterMs,
      refused = false,
      cause,
    }: { request?: string; retryAfterMs?: number | undefined; refused?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.request = request;
    this.retryAfterMs = retryAfterMs;
    this.refused = refused;
  }
}

/** A kind of channel, as `channels.ts` lists it. Make one with `channelKind`. */
export interface ChannelKind {
  /** In lower case; stored with each channel. */
  readonly kind: string;
  /** As people call the service. */
  readonly name: string;
  /** Where on the far side the settings are found, in one or two sentences. */
  readonly about: string;
  /** The shape of the settings. The `meta` of each property describes its input in the channel's form. */
  readonly settings: z.ZodObject;
  /**
   * Sends the message once; the outbox tries again. Resolves with what the far side answered.
   * @throws {DeliveryError} when the far side did not take it
   */
  send(delivery: Delivery<unknown>): Promise<Answer>;
}

/** Checks that `send` fits the settings. Stored settings are parsed with the schema before each delivery. */
export function channelKind<Schema extends z.ZodObject>(
  description: Omit<ChannelKind, 'settings' | 'send'> & {
    readonly settings: Schema;
    readonly send: (delivery: Delivery<z.output<Schema>>) => Promise<Answer>;
  },
): ChannelKind {
  const { settings: schema, send } = description;
  return {
    ...description,
    send: ({ settings, ...delivery }) => send({ ...delivery, settings: schema.parse(settings) }),
  };
}
