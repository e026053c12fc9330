import { describe, expect, test } from 'vitest';
import { watchCertificate } from '../../server/app/certificates.ts';
import { createLog } from '../../server/app/log.ts';
import { createNotices } from '../../server/app/notices.ts';

const files = { certFile: 'server.crt', keyFile: 'server.key', fingerprint: null };

/**
 * A watched certificate whose files are replaced once. The first `failures` tries to serve it fail. `problems`: what
 * each look finds, then nothing.
 */
function watched(failures: number, problems: (string | null)[] = []) {
  const notices = createNotices(createLog('silent'));
  const served: string[] = [];
  let isReplaced = true;
  const { look } = watchCertificate({
    certificate: {
      files,
      look() {
        const changed = isReplaced;
        isReplaced = false;
        return Promise.resolve({ changed, problem: problems.shift() ?? null });
      },
    },
    renew({ certFile }) {
      if (failures-- > 0) throw new Error('cannot listen');
      served.push(certFile);
    },
    notices,
    log: createLog('silent'),
    clock: { every: () => () => undefined },
  });
  return { look, notices, served };
}

describe('the certificate in use', () => {
  test('[S1] a replaced certificate is served once', async () => {
    const { look, served } = watched(0);
    await look();
    await look();
    expect(served).toEqual(['server.crt']);
  });

  test('[S1] a certificate that could not be served is told until a later look serves it', async () => {
    const { look, notices, served } = watched(2);
    for (let i = 0; i < 2; i++) {
      await look();
      expect(notices.list()).toEqual(['The new certificate is not in use: cannot listen']);
    }
    await look();
    expect([served, notices.list()]).toEqual([['server.crt'], []]);
  });

  test('[S1] a problem that comes up while the server runs is told when a second look finds it too', async () => {
    const { look, notices } = watched(0, [null, 'it is cut off', 'it ended', 'it ended']);
    const listed: string[][] = [];
    for (let i = 0; i < 5; i++) {
      await look();
      listed.push(notices.list());
    }
    expect(listed).toEqual([[], [], [], ['it ended'], []]);
  });
});
