/**
 * What a kind of channel is: the settings it needs, and how it sends a message. Each kind is one file in `channels/`
 * and one line in `channels.ts`; CONTRIBUTING.md shows how to add one.
 */
import type { z } from 'zod';
import type { Problem } from './delivery-problem.ts';
import type { Message } from './message.ts';

/** What the far side said to a message that it took. */
export interface Answer {
  /** What was asked of whom: `POST https://ntfy.sh/…`. Secrets in it are removed before anybody sees it. */
  readonly request: string;
  /** What it answered, such as `200 OK: {"id": "…"}`; it is cut when it is stored. */
  readonly text: string;
}

export interface OutgoingRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /**
   * Reads the service's own way to report errors. It is asked about every reply, so that an error under the status 200
   * is one too; undefined where the status says all there is. What it returns decides whether the message is refused.
   */
  readonly problemIn?: (reply: OutgoingReply) => Problem | undefined;
}

/** A reply. As an `Answer`, it is what a channel's `send` returns. */
export interface OutgoingReply extends Answer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most 64 KiB of it. */
  readonly body: string;
}

/** An address that was looked up and may be connected to. */
export interface AllowedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface Outgoing {
  /**
   * Makes one HTTP request, bounded in time and size, through HTTPS_PROXY or HTTP_PROXY where they are set.
   * @returns the reply with a status of 200 to 299
   * @throws {DeliveryError} for every other reply, and where there is none; it says what is wrong and what to do
   */
  request(request: OutgoingRequest): Promise<OutgoingReply>;
  /**
   * Looks up a host that a channel connects to by itself (a mail server).
   * @throws {DeliveryError} where it has no address, or only ones that the channel may not connect to
   */
  lookUp(host: string): Promise<AllowedAddress>;
  /** How long a channel that connects by itself waits for the other side, milliseconds. */
  readonly timeoutMs: number;
}

/** One message on its way to one channel. */
export interface Delivery<Settings> {
  readonly settings: Settings;
  readonly message: Message;
  /** Makes HTTP requests and opens sockets, within the limits that hold for this channel. */
  readonly outgoing: Outgoing;
  /** When this try is made, epoch milliseconds. */
  readonly at: number;
  /** The browsers that asked to be notified; only the kind `browser` sends to them. */
  readonly browsers: Browsers;
}

/** A browser that asked to be notified, as its Push API describes it. */
export interface PushSubscription {
  readonly endpoint: string;
  /** Of the browser, in base64url: what is sent is encrypted for them. */
  readonly keys: { readonly p256dh: string; readonly auth: string };
  readonly username: string;
}

/** The server's key pair for browser push (VAPID), and the browsers that know its public key. */
export interface Browsers {
  /** In base64url. */
  readonly keys: { readonly publicKey: string; readonly privateKey: string };
  /** Whom the push services may contact about this server: `https:` or `mailto:`. */
  readonly contact: string;
  readonly subscriptions: () => readonly PushSubscription[];
  /** Called when the push service says that this browser no longer wants to be notified. */
  readonly onGone: (endpoint: string) => void;
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
  /** The shape of the settings. Its properties are made with `setting`, which describes their inputs in the form. */
  readonly settings: z.ZodObject;
  /** What the body of the channel's template makes: text, or the JSON that is sent. */
  readonly templateFormat: 'text' | 'json';
  /** Whether its messages show the chart of an alert, so that the history has to be read for them. */
  readonly showsChart?: boolean;
  /**
   * Sends the message once; the outbox tries again. Resolves with what the far side answered.
   * @throws {DeliveryError} when the far side did not take it
   */
  send(delivery: Delivery<unknown>): Promise<Answer>;
}

/** Checks that `send` fits the settings. Stored settings are parsed with the schema before each delivery. */
export function channelKind<Schema extends z.ZodObject>(
  description: Omit<ChannelKind, 'settings' | 'send' | 'templateFormat'> & {
    readonly templateFormat?: 'json';
    readonly settings: Schema;
    readonly send: (delivery: Delivery<z.output<Schema>>) => Promise<Answer>;
  },
): ChannelKind {
  const { settings: schema, send } = description;
  return {
    ...description,
    templateFormat: description.templateFormat ?? 'text',
    send: ({ settings, ...delivery }) => send({ ...delivery, settings: schema.parse(settings) }),
  };
}
