/** Connects to a port, and speaks TLS where that is asked for. Nothing is sent. */
import { parseHostPort } from '#protocol/probe-targets.ts';
import type { TcpProbe } from '#protocol/probes.ts';
import { findAddress, roundMs, type Kind, type Outcome } from './attempt.ts';
import { certificateOf } from './certificate.ts';
import { openConnection, startTls } from './connection.ts';

export const tryTcp: Kind<TcpProbe> = async ({ target, tls, certificate: mustBeValid, ip }, attempt) => {
  const place = parseHostPort(target);
  if (place === undefined) throw new Error(`${target} is no host and port`);
  const { host, port } = place;
  const address = await findAddress(attempt, host, port, ip);
  const destination = { host, address, port };
  const { monotonic } = attempt;
  const begun = monotonic();
  const socket = await openConnection(attempt, destination);
  try {
    const connected = monotonic();
    if (!tls) return { problem: undefined, values: { ms: roundMs(connected - begun) } };
    const secure = await startTls(attempt, socket, destination);
    const done = monotonic();
    const { daysLeft, problem } = certificateOf(secure, host, attempt.now());
    return {
      problem: mustBeValid ? problem : undefined,
      values: {
        ms: roundMs(done - begun),
        connect_ms: roundMs(connected - begun),
        tls_ms: roundMs(done - connected),
        ...(daysLeft !== undefined && { certificate_days: daysLeft }),
      },
    } satisfies Outcome;
  } finally {
    socket.destroy();
  }
};
