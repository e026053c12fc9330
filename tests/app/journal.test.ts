import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../server/app/log.ts';
import { createServer } from '../../server/app/server.ts';
import { configFor } from '../routes/stage.ts';
import { ownFolder } from '../state/folder.ts';

test('[I1] while the journal cannot be written the server is not ready and says why; then it is ready by itself', async () => {
  const data = ownFolder();
  const lines: string[] = [];
  let noteLine: () => void = () => undefined;
  const keep = (_: object, text: string) => {
    lines.push(text);
    noteLine();
  };
  /** Resolves once the log has a line with this text. */
  const logged = (text: string) =>
    new Promise<void>((resolve) => {
      noteLine = () => {
        if (lines.some((line) => line.includes(text))) resolve();
      };
      noteLine();
    });
  const server = await createServer(await configFor(data, { tls: 'off' }), {
    ...createLog('silent'),
    info: keep,
    error: keep,
  });
  onTestFinished(() => server.close());
  const ready = () => fetch(`${server.url}/readyz`);
  expect((await ready()).status).toBe(200);

  renameSync(join(data, 'journal'), join(data, 'elsewhere'));
  await logged('cannot be written');
  const refused = await ready();
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain('samples are refused until then');

  renameSync(join(data, 'elsewhere'), join(data, 'journal'));
  await logged('over: the journal in');
  expect((await ready()).status).toBe(200);
  expect(lines.filter((line) => line.startsWith('the journal in'))).toHaveLength(1);
});
