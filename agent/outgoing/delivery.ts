/** Brings one batch of samples to the server, in smaller pieces where it must be, whatever the server makes of it. */
import type { Failure, Outcome } from '../link/outcome.ts';
import { LIMITS, type PushReply } from '#protocol/sample.ts';

export type Delivered = { readonly kind: 'done'; readonly reply: PushReply | undefined } | Failure;

export interface DeliveryParts {
  /** Pushes samples as one body. */
  readonly push: (samples: readonly string[]) => Promise<Outcome>;
  /** Takes samples that the server will never take. */
  readonly setAside: (samples: readonly string[], reason: string) => void;
}

/** Refusals in one batch before the rest of a refused piece is set aside whole: not one push a sample. */
const MOST_REFUSALS = 16;

/** What a server takes in any case; that it calls this too large is not the sample's fault. */
const SMALL = LIMITS.bodyBytes / 4;

/** Something before the server takes less than the server: a person must mend that, and the samples are kept. */
function tooNarrow(bytes: number): Failure {
  return {
    kind: 'unauthorized',
    reason:
      `a single sample of ${bytes} bytes is answered with 413, "too large": raise the limit of what stands before ` +
      'the server (nginx: client_max_body_size 1m)',
  };
}

/**
 * Pushes `samples`. Too large: in halves. Refused: in halves too, so that one bad sample does not take the others
 * with it. `done` when each was accepted or set aside; a failure when the whole batch must be tried again (what
 * was accepted already is harmless to send again [I2]).
 */
export async function deliver(
  { push, setAside }: DeliveryParts,
  samples: readonly string[],
): Promise<Delivered> {
  const pieces: (readonly string[])[] = [samples];
  let reply: PushReply | undefined;
  let refusals = 0;
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    const outcome = await push(piece);
    if (outcome.kind === 'accepted') {
      reply = outcome.reply;
      continue;
    }
    if (outcome.kind !== 'too_large' && outcome.kind !== 'refused') return outcome;
    const [only = ''] = piece;
    if (outcome.kind === 'too_large' && piece.length === 1 && only.length < SMALL)
      return tooNarrow(only.length);
    const middle = Math.ceil(piece.length / 2);
    const isHopeless = outcome.kind === 'refused' && ++refusals > MOST_REFUSALS;
    if (piece.length > 1 && !isHopeless) pieces.unshift(piece.slice(0, middle), piece.slice(middle));
    else
      setAside(
        piece,
        outcome.kind === 'refused' ? outcome.reason : 'one sample is larger than the server takes',
      );
  }
  return { kind: 'done', reply };
}
