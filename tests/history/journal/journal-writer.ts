/**
 * A process for the kill -9 test: appends records for ever, and prints each position once the record is on
 * disk. The test kills it.
 */
import { openJournal } from '../../../server/history/journal/journal.ts';
import { systemClock } from '../../../server/app/clock.ts';
import { createLog } from '../../../server/app/log.ts';

const journal = await openJournal({
  clock: systemClock,
  dir: process.argv[2] ?? '',
  log: createLog('silent'),
  gatherMs: 1,
  segmentBytes: 100_000,
});
/** Resolves once the line is in the pipe. A pipe that is full, because the test is slow to read it, is waited for. */
const print = (line: string) => new Promise((resolve) => process.stdout.write(`${line}\n`, resolve));
for (let n = 0; ;) {
  const group = Array.from({ length: 20 }, () => n++);
  await Promise.all(
    group.map(async (i) => {
      const payload = Buffer.from(`${i} ${'x'.repeat(200)}`);
      await print(String(await journal.append({ deviceId: 'd', arrived: i, payload })));
    }),
  );
}
