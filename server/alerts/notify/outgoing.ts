/** How channels reach the outside. */

export interface OutgoingRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface OutgoingReply {
  readonly status: number;
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
   * Makes one HTTP request, bounded in time and size, through HTTPS_PROXY where it is set.
   * @returns the reply with a status of 200 to 299
   * @throws {DeliveryError} for every other reply, and where there is none; it says what is wrong and what to do
   */
  request(request: OutgoingRequest): Promise<OutgoingReply>;
  /**
   * Looks up a host that a channel connects to by itself (a mail server).
   * @throws {DeliveryError} where it has no address, or only ones that the channel may not connect to
   */
  lookUp(host: string): Promise<AllowedAddress>;
}
