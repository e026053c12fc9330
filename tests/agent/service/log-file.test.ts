import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLogFile } from '../../../agent/service/log-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchfloor-log-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const text = (name: string) => readFileSync(join(folder, name), 'utf8');

it('a log file goes on where it ended, and takes at most twice its limit with the one before it', () => {
  openLogFile(join(folder, 'agent.log'), 10).write('first\n');
  const log = openLogFile(join(folder, 'agent.log'), 10);
  log.write('2\n');
  expect(text('agent.log')).toBe('first\n2\n');
  log.write('third\n');
  expect([text('agent.log.1'), text('agent.log')]).toEqual(['first\n2\n', 'third\n']);
  log.write('a line longer than the limit\n');
  log.write('5\n');
  expect([text('agent.log.1'), text('agent.log')]).toEqual(['a line longer than the limit\n', '5\n']);
});

it('a line that cannot be written is lost, and the next one is written once there is a place for it', () => {
  const log = openLogFile(join(folder, 'later', 'agent.log'));
  log.write('lost\n');
  mkdirSync(join(folder, 'later'));
  log.write('kept\n');
  expect(text('later/agent.log')).toBe('kept\n');
  expect(log.errored).toBeNull();
});
