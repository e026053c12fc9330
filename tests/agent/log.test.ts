import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog, type LogLevel } from '../../agent/log.ts';

function logAt(level: LogLevel) {
  const out = new PassThrough();
  const log = createLog(level, out);
  const lines = () => {
    const text = String(out.read() ?? '').trim();
    return text === '' ? [] : text.split('\n').map((line): unknown => JSON.parse(line));
  };
  return { log, lines };
}

describe('the log', () => {
  it('the log writes one JSON object per line, for its level and the higher ones', () => {
    const { log, lines } = logAt('warn');
    log.debug('no');
    log.info({ a: 1 }, 'no');
    log.warn({ file: '/x' }, 'yes');
    log.error('plain\nwords');
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(lines()).toEqual([
      { level: 40, time, file: '/x', msg: 'yes' },
      { level: 50, time, msg: 'plain\nwords' },
    ]);
  });

  it('the log writes nothing at the level "silent"', () => {
    const { log, lines } = logAt('silent');
    log.error('anything');
    expect(lines()).toEqual([]);
  });

  it('the log writes an error with its message and its stack', () => {
    const { log, lines } = logAt('info');
    log.warn({ err: new TypeError('no such thing') }, 'failed');
    expect(lines()).toEqual([
      expect.objectContaining({
        err: { type: 'TypeError', message: 'no such thing', stack: expect.stringContaining('log.test') },
      }),
    ]);
  });
});
