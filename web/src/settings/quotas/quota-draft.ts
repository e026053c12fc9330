/** A traffic quota as it is typed into its form. */
import { QUOTA_DEFAULTS, type Quota, type QuotaCounts } from '#protocol/traffic.ts';
import type { NewQuota } from '../../api/traffic.ts';

/** The units that an allowance is entered in, in bytes. */
const UNITS = { GB: 1e9, TB: 1e12, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
export type AllowanceUnit = keyof typeof UNITS;
export const ALLOWANCE_UNITS: readonly AllowanceUnit[] = ['GB', 'TB', 'GiB', 'TiB'];

const isRound = (value: number) => Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-6;

/** The base of the units in which an allowance was most likely agreed. */
export function baseOf(bytes: number): 1024 | 1000 {
  return !isRound(bytes / UNITS.GB) && isRound(bytes / UNITS.GiB) ? 1024 : 1000;
}

/** An allowance in the unit in which it was most likely agreed: `20 TB`. */
export function allowanceIn(bytes: number): { readonly amount: number; readonly unit: AllowanceUnit } {
  const [small, large] = baseOf(bytes) === 1000 ? (['GB', 'TB'] as const) : (['GiB', 'TiB'] as const);
  const unit = bytes >= UNITS[large] ? large : small;
  return { amount: bytes / UNITS[unit], unit };
}

export interface QuotaDraft {
  name: string;
  devices: string[];
  tags: string[];
  /** A pattern of machines' names. */
  machines: string;
  interface: string;
  amount: number | null;
  unit: AllowanceUnit;
  counts: QuotaCounts;
  billing_day: number | null;
  time_zone: string;
  warn_percent: number | null;
}

export function emptyQuota(): QuotaDraft {
  return {
    ...QUOTA_DEFAULTS,
    ...{ devices: [], tags: [], machines: '', amount: 20, unit: 'TB' },
  };
}

export function draftOf({ scope, allowance_bytes, ...quota }: Quota): QuotaDraft {
  const { name, interface: on, counts, billing_day, time_zone, warn_percent } = quota;
  return {
    ...{ name, interface: on, counts, billing_day, time_zone, warn_percent },
    ...allowanceIn(allowance_bytes),
    ...{ devices: [...scope.devices], tags: [...scope.tags], machines: scope.name },
  };
}

/** What is sent; numbers that were not entered are left to the server to refuse. */
export function quotaOf(draft: QuotaDraft): NewQuota {
  const { name, devices, tags, machines, interface: on, amount, unit, counts, time_zone } = draft;
  return {
    ...{ name, counts, time_zone, interface: on },
    scope: { devices, tags, name: machines },
    allowance_bytes: Math.round((amount ?? 0) * UNITS[unit]),
    billing_day: draft.billing_day ?? 0,
    warn_percent: draft.warn_percent ?? 0,
  };
}
