/** A probe as its form holds it: what every kind has, and what each kind has besides. */
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import {
  PROBE_DEFAULTS,
  PROBE_INTERVAL_S,
  PROBE_TIMEOUT_S,
  type Probe,
  type ProbeKind,
} from '#protocol/probes.ts';
import type { NewProbe } from '../../api/probes.ts';
import { scopeDraftOf, scopeOf, type ScopeDraft } from '../../ui/scope-draft.ts';

export interface ProbeDraft {
  name: string;
  kind: ProbeKind;
  target: string;
  intervalS: number;
  timeoutS: number;
  tries: number;
  on: boolean;
  /** From where it is probed. */
  scope: ScopeDraft;
  ip: 'any' | '4' | '6';
  method: 'GET' | 'HEAD';
  status: string;
  contains: string;
  lacks: string;
  redirects: boolean;
  certificate: boolean;
  tls: boolean;
  count: number;
  record: Extract<Probe, { kind: 'dns' }>['record'];
  resolver: string;
  expected: string;
}

/** Running everywhere has to be chosen. */
const emptyDraft = (): ProbeDraft => ({
  ...PROBE_DEFAULTS,
  ...{ name: '', kind: 'http', target: '' },
  ...{ intervalS: PROBE_INTERVAL_S.usual, timeoutS: PROBE_TIMEOUT_S.usual },
  scope: { ...scopeDraftOf(ALL_MACHINES), scopeKind: 'machines' },
  ...{ contains: '', lacks: '', resolver: '', expected: '' },
});

export function probeDraftOf(probe: Probe | undefined): ProbeDraft {
  if (probe === undefined) return emptyDraft();
  const { interval_s, timeout_s, scope, ...rest } = probe;
  return {
    ...emptyDraft(),
    ...rest,
    intervalS: interval_s,
    timeoutS: timeout_s,
    scope: scopeDraftOf(scope),
  };
}

export function probeOf(draft: ProbeDraft): NewProbe {
  const { name, target, tries, on, ip } = draft;
  const common = {
    ...{ name, target: target.trim(), tries, on },
    ...{ interval_s: draft.intervalS, timeout_s: draft.timeoutS, scope: scopeOf(draft.scope) },
  };
  switch (draft.kind) {
    case 'http': {
      const { method, status, contains, lacks, redirects, certificate } = draft;
      const texts = method === 'GET' ? { contains, lacks } : {};
      return { ...common, kind: 'http', ip, method, status, redirects, certificate, ...texts };
    }
    case 'tcp':
      return { ...common, kind: 'tcp', ip, tls: draft.tls, certificate: draft.certificate };
    case 'ping':
      return { ...common, kind: 'ping', ip, count: draft.count };
    case 'dns': {
      const { record, resolver, expected } = draft;
      return { ...common, kind: 'dns', record, resolver, expected };
    }
  }
}

/** An example of a target of each kind. */
export const PLACEHOLDERS: Readonly<Record<ProbeKind, string>> = {
  http: 'https://example.org/health',
  tcp: 'db.example.org:5432',
  ping: '192.0.2.1',
  dns: 'example.org',
};
