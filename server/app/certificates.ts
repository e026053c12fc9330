/** Keeps the server's certificate valid and in use while the server runs, and tells when that is not possible. */
import { errorText } from '#protocol/errors.ts';
import type { Certificate } from '../tls/certificate.ts';
import type { TlsFiles } from '../tls/authority.ts';
import type { Clock, Log } from '../types.ts';
import type { Notices } from './notices.ts';

const LOOK_MS = 10_000;

export interface CertificatesParts {
  readonly certificate: Certificate;
  /** Serves new connections with another certificate. @throws Error when that fails; it may be called again */
  readonly renew: (files: TlsFiles) => void;
  readonly notices: Pick<Notices, 'set'>;
  readonly log: Log;
  readonly clock: Pick<Clock, 'every'>;
}

export interface Certificates {
  /** Looks at the certificate's files now; what is wrong becomes a notice. */
  look(): Promise<void>;
  stop(): void;
}

export function watchCertificate(parts: CertificatesParts): Certificates {
  const { certificate, renew, notices, log, clock } = parts;
  /** Files that are just being replaced are wrong for a moment, so their problem is told when it is seen twice. */
  let seen: string | null | undefined;
  /** Whether the files hold another certificate than new connections get; then each look tries again to serve it. */
  let isBehind = false;

  async function look(): Promise<void> {
    const { changed, problem } = await certificate.look();
    isBehind ||= changed;
    if (isBehind) {
      renew(certificate.files);
      isBehind = false;
      log.info({ file: certificate.files.certFile }, 'new connections get the new certificate');
    }
    if (problem === null || problem === seen || seen === undefined)
      notices.set('certificate', problem === null ? null : { text: problem });
    seen = problem;
  }
  /** The look under way: two at once could both renew the certificate. */
  let looking: Promise<void> | undefined;
  const lookNow = () =>
    (looking ??= look()
      .catch((error: unknown) => {
        const text = `The new certificate is not in use: ${errorText(error)}`;
        notices.set('certificate', { text });
      })
      .finally(() => (looking = undefined)));
  return { look: lookNow, stop: clock.every(() => void lookNow(), LOOK_MS) };
}
