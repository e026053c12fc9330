/** Samples that the server will never take: kept aside for a person to look at, in one small file. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../log.ts';

export const REFUSED_BYTES = 512 * 1024;

/** Returns the way to set samples aside. The file and the one before it hold `most` bytes each. */
export function createRefused(path: string, log: Log, most = REFUSED_BYTES) {
  const size = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return (samples: readonly string[], reason: string): void => {
    log.error(
      { samples: samples.length, reason, file: path },
      'the server refused samples; they were set aside',
    );
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (size() >= most) renameSync(path, `${path}.old`);
      const text = samples.map((sample) => `${sample}\n`).join('');
      appendFileSync(path, text.slice(0, most), { mode: 0o600 });
    } catch (error) {
      log.warn({ reason: errorText(error) }, 'refused samples cannot be kept on disk and are lost');
    }
  };
}
