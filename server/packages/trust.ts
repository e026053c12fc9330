/**
 * How a machine that installs an agent knows this server, before it runs anything from it. A public authority needs
 * nothing. Otherwise:
 *
 * - curl pins the server's public key: `-k --pinnedpubkey sha256//…`. `-k` only leaves out the checks of the name and
 *   the authority; curl 7.88 with another key ended the connection after the handshake, with no byte of a request sent
 *   (tests/packages/agent-script.test.ts). So it holds whatever name the machine reaches the server by, as for agents.
 *   The server's own authority keeps the key when it renews the certificate.
 * - GNU wget cannot pin without checking the authority too, so it gets the authority, and checks the name as well.
 *
 * A certificate of a private authority from the settings may get another key with its next renewal. What is kept for
 * long (cloud-init, Ansible, …) then uses the authority with curl, too.
 */
import { X509Certificate } from 'node:crypto';
import { pinOf } from '../tls/fingerprint.ts';
import { certificatesIn } from '../tls/own-certificate.ts';

export interface Trust {
  /** As curl's `--pinnedpubkey` takes it; '' where a public authority is trusted, or without TLS. */
  readonly pin: string;
  /** The authority as PEM; '' likewise. */
  readonly authority: string;
  /** Whether the pin outlives the certificate. */
  readonly isLasting: boolean;
}

export const PUBLIC_TRUST: Trust = { pin: '', authority: '', isLasting: true };

/** @param chain the server's certificate and those above it, as PEM; the last one is what agents pin */
export function trustIn(chain: string, isLasting: boolean): Trust {
  const certificates = certificatesIn(chain);
  const top = new X509Certificate(certificates.at(-1) ?? '');
  return { pin: pinOf(certificates[0] ?? ''), authority: top.toString().trim(), isLasting };
}
