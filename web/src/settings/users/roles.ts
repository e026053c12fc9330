/** The roles: their names, and what each may do. */
import type { Role } from '#protocol/api.ts';

export const ROLES: readonly { readonly value: Role; readonly label: string; readonly may: string }[] = [
  { value: 'admin', label: 'Administrator', may: 'sees everything and changes everything.' },
  {
    value: 'operator',
    label: 'Operator',
    may: 'sees what a viewer sees; acknowledges alerts, comments on them and silences them.',
  },
  {
    value: 'viewer',
    label: 'Viewer',
    may: 'sees every machine, chart and alert; changes nothing but their own password.',
  },
  { value: 'display', label: 'Display', may: 'for a screen on the wall: sees what a viewer sees.' },
];
