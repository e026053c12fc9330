import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createReader } from '../../../agent/collectors/reader.ts';

let path = '';
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-reader-'));
  path = join(folder, 'file');
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

describe('the reader', () => {
  it.each(['read', 'readAside'] as const)('%s gives the current text of a file each time', async (how) => {
    const reader = createReader();
    onTestFinished(reader.close);
    expect(await reader[how](path)).toBeUndefined();
    for (const text of ['', '45000\n', '7\n', 'Überblick\n']) {
      writeFileSync(path, text);
      expect(await reader[how](path)).toBe(text);
    }
  });

  it('the reader keeps one handle for each file, and closes all of them', async () => {
    writeFileSync(path, 'text');
    const reader = createReader();
    const before = readdirSync('/proc/self/fd').length;
    for (let times = 0; times < 5; times++) {
      reader.read(path);
      await reader.readAside(path);
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before + 1);
    reader.close();
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});
