import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openEmbeddedHistory } from '../../../server/history/embedded/embedded.ts';
import { createLog } from '../../../server/app/log.ts';

test('health tells the processor time that the thread of the embedded history has used', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'history-'));
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const history = await openEmbeddedHistory({ dir, log: createLog('warn') });
  const { cpu_ms: before = 0 } = await history.health();
  const samples = Array.from({ length: 2000 }, (_, i) => ({ t: i * 1000, values: { cpu: i % 100 } }));
  await history.write([{ deviceId: 'a', samples }], 1);
  const { cpu_ms: after = 0 } = await history.health();
  expect(before).toBeGreaterThan(0);
  expect(after).toBeGreaterThan(before);
  await history.close();
});
