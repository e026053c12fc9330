/** A probe as its form holds it: what every kind has, and what each kind has besides. */
import { inScope, type Machine, type MachineScope } from '#protocol/machine-scope.ts';
import {
  PROBE_DEFAULTS,
  PROBE_INTERVAL_S,
  PROBE_TIMEOUT_S,
  type Probe,
  type ProbeKind,
} from '#protocol/probes.ts';
import type { NewProbe } from '../../api/probes.ts';

export type ScopeKind = 'machines' | 'tags' | 'all';

export interface ProbeDraft {
  name: string;
  kind: ProbeKind;
  target: string;
  intervalS: number;
  timeoutS: number;
  tries: number;
  on: boolean;
  scopeKind: ScopeKind;
  devices: string[];
  tags: readonly string[];
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

const EMPTY: ProbeDraft = {
  ...PROBE_DEFAULTS,
  ...{ name: '', kind: 'http', target: '' },
  ...{ intervalS: PROBE_INTERVAL_S.usual, timeoutS: PROBE_TIMEOUT_S.usual },
  ...{ scopeKind: 'machines', devices: [], tags: [] },
  ...{ contains: '', lacks: '', resolver: '', expected: '' },
};

function scopeKindOf({ devices, tags }: MachineScope): ScopeKind {
  if (devices.length > 0) return 'machines';
  return tags.length > 0 ? 'tags' : 'all';
}

export function probeDraftOf(probe: Probe | undefined): ProbeDraft {
  if (probe === undefined) return { ...EMPTY, devices: [] };
  const { interval_s, timeout_s, scope, ...rest } = probe;
  return {
    ...EMPTY,
    ...rest,
    intervalS: interval_s,
    timeoutS: timeout_s,
    scopeKind: scopeKindOf(scope),
    devices: [...scope.devices],
    tags: scope.tags,
  };
}

/** Whether it says from where; else it would run everywhere, which has to be chosen. */
export const isPlaced = ({ scopeKind, devices, tags }: ProbeDraft) =>
  scopeKind === 'all' || (scopeKind === 'machines' ? devices.length > 0 : tags.length > 0);

export function scopeOf({ scopeKind, devices, tags }: ProbeDraft): MachineScope {
  return {
    devices: scopeKind === 'machines' ? devices : [],
    tags: scopeKind === 'tags' ? [...tags] : [],
    name: '',
  };
}

/** How many of these machines would run it. */
export const countPlaces = (draft: ProbeDraft, machines: readonly Machine[]) =>
  isPlaced(draft) ? machines.filter((machine) => inScope(scopeOf(draft), machine)).length : 0;

export function probeOf(draft: ProbeDraft): NewProbe {
  const { name, target, tries, on, ip } = draft;
  const common = {
    ...{ name, target: target.trim(), tries, on },
    ...{ interval_s: draft.intervalS, timeout_s: draft.timeoutS, scope: scopeOf(draft) },
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
