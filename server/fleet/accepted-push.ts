import type { Sample } from '#protocol/sample.ts';

/** A push that the journal holds: what the parts behind the ingest are told of it. */
export interface AcceptedPush {
  readonly deviceId: string;
  /** The new ones only, in ascending time; empty when all were duplicates. */
  readonly samples: readonly Sample[];
  /** When it arrived, by the server's clock, epoch milliseconds. */
  readonly arrived: number;
  /** Seconds between this device's pushes. */
  readonly intervalS: number;
}
