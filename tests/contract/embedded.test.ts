import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedHistory } from '../../server/history/embedded/embedded.ts';
import { createLog } from '../../server/app/log.ts';
import { historyContract } from './history.ts';

historyContract('embedded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'history-'));
  return {
    open: () => openEmbeddedHistory({ dir, log: createLog('warn') }),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});
