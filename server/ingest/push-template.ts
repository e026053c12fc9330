/**
 * What a device's pushes have in common. An agent writes the same text every second, but for the numbers: so the
 * next push is compared with the text of the last, byte by byte, and only its numbers are read, in half the time
 * that JSON.parse and a schema take. What fits has the same meaning, for all that is not a number is the same; what
 * does not fit is parsed in full, as ever.
 */
import { isSampleTime, isTime, LIMITS, type Push, type Sample } from '#protocol/sample.ts';
import { membersAt, skipSpace, spanAt } from './json-spans.ts';
import { isNumber, type Cursor } from './number-token.ts';
import { patternOf, readPattern, type Pattern } from './pattern.ts';
import { readSample, samplePatternOf, type SamplePattern } from './sample-pattern.ts';

const [COMMA, BACKSLASH] = [44, 92];
/** Long bodies are spools being delivered: each is of its own. */
const MOST_BYTES = 64 * 1024;

export interface PushTemplate {
  /** Up to the first sample; it may hold the number of `sent_at`. */
  readonly head: Pattern;
  readonly sample: SamplePattern;
  /** From the end of the last sample on. */
  readonly tail: Pattern;
  readonly sentAt: 'head' | 'tail' | 'nowhere';
  readonly envelope: Omit<Push, 'samples'>;
  /** Where `sent_at` is read to. */
  readonly scratch: Float64Array;
}

/** The template of a body that parses to `push`; undefined where it has none. */
export function templateOf(body: Buffer, push: Push): PushTemplate | undefined {
  // With escapes, one name could be written in two ways.
  if (body.length > MOST_BYTES || body.includes(BACKSLASH)) return undefined;
  const members = membersAt(body, skipSpace(body, 0));
  const at = new Map(members);
  const samples = at.get('samples');
  if (samples === undefined || at.size !== members.length) return undefined;
  const first = spanAt(body, skipSpace(body, samples.from + 1));
  const sample = samplePatternOf(body, first);
  if (sample === undefined) return undefined;

  const sent = at.get('sent_at');
  const moving = sent !== undefined && isNumber(body, sent.from, sent.to) ? [sent] : [];
  const before = moving.filter((span) => span.to <= samples.from);
  const behind = moving.filter((span) => span.from >= samples.to);
  const { samples: _, ...envelope } = push;
  return {
    head: patternOf(body, 0, first.from, before),
    sample,
    tail: patternOf(body, samples.to - 1, body.length, behind),
    sentAt: before.length > 0 ? 'head' : behind.length > 0 ? 'tail' : 'nowhere',
    envelope,
    scratch: new Float64Array(1),
  };
}

/** The push of a body that fits; undefined where it does not fit, or must be looked at in full. */
export function readPush(template: PushTemplate, body: Uint8Array): Push | undefined {
  const { head, sample, tail, sentAt, envelope, scratch } = template;
  const cursor: Cursor = { at: 0, value: 0 };
  if (!readPattern(head, body, cursor, scratch)) return undefined;
  const samples: Sample[] = [];
  for (;;) {
    const read = readSample(sample, body, cursor);
    if (read === undefined || !isSampleTime(read.t)) return undefined;
    samples.push(read);
    if (body[cursor.at] !== COMMA) break;
    cursor.at++;
  }
  if (samples.length > LIMITS.samplesPerPush) return undefined;
  if (!readPattern(tail, body, cursor, scratch) || cursor.at !== body.length) return undefined;
  if (sentAt === 'nowhere') return { ...envelope, samples };
  const sent_at = scratch[0] ?? NaN;
  return isTime(sent_at) ? { ...envelope, sent_at, samples } : undefined;
}
