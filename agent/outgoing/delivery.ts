/**
 * Brings one batch of samples to the server: in smaller pieces when it is too large, and without the samples that the
 * server refuses, which are kept in refused.jsonl for a person to look at.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import { LIMITS, type PushReply } from '#protocol/sample.ts';
import type { Failure } from '../link/outcome.ts';
import type { Log } from '../log.ts';
import { toLine, type Sample } from '../sampling/sample.ts';
import type { Push } from './push.ts';

type Delivered = { readonly kind: 'done'; readonly reply: PushReply | undefined } | Failure;

/** Keeps samples that the server will never accept. */
export type SetAside = (samples: readonly Sample[], reason: string) => void;

/** After this many refusals in one batch, a refused piece is set aside whole: one push for each sample is too many. */
const MOST_REFUSALS = 16;

/** Every Watchfloor server accepts a push of this many bytes. */
const SMALL = LIMITS.bodyBytes / 4;

/** A proxy in front of the server has a lower limit than the server. A person must raise it; the samples are kept. */
function proxyLimit(bytes: number): Failure {
  return {
    kind: 'unauthorized',
    reason:
      `a single sample of ${bytes} bytes is answered with 413, "too large": raise the limit of the proxy in front of ` +
      'the server (nginx: client_max_body_size 1m)',
  };
}

/**
 * Pushes `samples`. A piece that is too large is sent as two halves. So is a refused one, so that a bad sample does
 * not take good ones with it. `done`: each sample was accepted or set aside. A failure: the whole batch must be sent
 * again; the server ignores the samples that it already has [I2].
 */
export async function deliver(
  { push, setAside }: { readonly push: Push; readonly setAside: SetAside },
  samples: readonly Sample[],
): Promise<Delivered> {
  const pieces: (readonly Sample[])[] = [samples];
  let reply: PushReply | undefined;
  let refusals = 0;
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    const outcome = await push(piece);
    if (outcome.kind === 'accepted') {
      reply = outcome.reply;
      continue;
    }
    if (outcome.kind !== 'too_large' && outcome.kind !== 'refused') return outcome;
    const isHopeless = outcome.kind === 'refused' && ++refusals > MOST_REFUSALS;
    if (piece.length > 1 && !isHopeless) {
      const middle = Math.ceil(piece.length / 2);
      pieces.unshift(piece.slice(0, middle), piece.slice(middle));
      continue;
    }
    if (outcome.kind === 'refused') setAside(piece, outcome.reason);
    else {
      const bytes = Math.max(...piece.map((one) => toLine(one).length));
      if (bytes < SMALL) return proxyLimit(bytes);
      setAside(piece, 'a single sample is larger than the server accepts');
    }
  }
  return { kind: 'done', reply };
}

/** Bytes of refused.jsonl, and of refused.jsonl.old. */
const REFUSED_BYTES = 512 * 1024;

/** Sets samples aside in the file `path`, one JSON line each. A full file becomes `….old`, and replaces that. */
export function createSetAside(path: string, log: Log): SetAside {
  const size = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return (samples, reason) => {
    log.error(
      { samples: samples.length, reason, file: path },
      'the server refused samples; they were set aside',
    );
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (size() >= REFUSED_BYTES) renameSync(path, `${path}.old`);
      const text = samples.map((sample) => `${toLine(sample)}\n`).join('');
      appendFileSync(path, text.slice(0, REFUSED_BYTES), { mode: 0o600 });
    } catch (error) {
      log.warn({ reason: errorText(error) }, 'refused samples cannot be kept on disk and are lost');
    }
  };
}
