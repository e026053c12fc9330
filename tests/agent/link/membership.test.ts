import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openJoinSecret } from '../../../agent/link/membership.ts';
import { ownFolder } from '../../state/folder.ts';

it('[S5] the join secret stays the same over restarts, and each key has its own', () => {
  const folder = ownFolder();
  const first = openJoinSecret(folder)('key one');
  expect(first).toMatch(/^[\w-]{43}$/);
  expect(openJoinSecret(folder)('key one')).toBe(first);
  expect(openJoinSecret(folder)('key two')).not.toBe(first);
  expect(openJoinSecret(ownFolder())('key one')).not.toBe(first);
});

it('[G5] the join secret is in a private file, which holds nothing that is sent', () => {
  const folder = ownFolder();
  const sent = openJoinSecret(folder)('key one');
  const path = join(folder, 'join-secret');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).not.toContain(sent);
});
