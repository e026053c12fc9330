import { expect, it } from 'vitest';
import { createNotices } from '../../server/app/notices.ts';
import type { Log } from '../../server/types.ts';

function recordingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (_facts: object, text: string) => void lines.push(`${level}: ${text}`);
  return {
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    lines,
  };
}

it('a sentence about damage is logged and listed once, however often it is found', () => {
  const { log, lines } = recordingLog();
  const notices = createNotices(log);
  notices.add('a file was damaged');
  notices.add('a file was damaged');
  expect(notices.list()).toEqual(['a file was damaged']);
  expect(lines).toEqual(['warn: a file was damaged']);
});

it('a standing problem is logged when it begins, changes and ends, and is listed only while it stands', () => {
  const { log, lines } = recordingLog();
  const notices = createNotices(log);
  for (let i = 0; i < 1000; i++) notices.set('disk', { text: 'the disk is full' });
  notices.set('disk', { text: 'the disk is gone' });
  expect(notices.list()).toEqual(['the disk is gone']);
  notices.set('disk', null);
  notices.set('disk', null);
  expect(notices.list()).toEqual([]);
  expect(lines).toEqual([
    'error: the disk is full',
    'error: the disk is gone',
    'info: over: the disk is gone',
  ]);
});

it('only a problem that stops pushes makes the server not ready', () => {
  const notices = createNotices(recordingLog().log);
  notices.set('certificate', { text: 'the certificate is not valid yet' });
  expect(notices.whyNotReady()).toBeUndefined();
  notices.set('disk', { text: 'the disk is full', stopsPushes: true });
  expect(notices.whyNotReady()).toBe('the disk is full');
  notices.set('disk', null);
  expect(notices.whyNotReady()).toBeUndefined();
});

it('[I8] damage that is told again and again in other words is counted, and does not grow the list', () => {
  const { log, lines } = recordingLog();
  const notices = createNotices(log);
  for (let i = 0; i < 1000; i++) notices.add(`the line ${i} cannot be read`);
  expect(notices.list()).toHaveLength(101);
  expect(notices.list().at(-1)).toBe('900 more notices are in the log of the server.');
  expect(lines).toHaveLength(1000);
});
