/** What happened to a machine, in words. */
import type { EventKind, MachineEvent } from '#protocol/events.ts';

export const EVENT_NAMES: Readonly<Record<EventKind, string>> = {
  joined: 'Joined',
  online: 'Online',
  offline: 'Offline',
  rebooted: 'Restarted',
  agent: 'Agent changed',
  address: 'Address changed',
  hostname: 'Host name changed',
  system: 'System changed',
  token_revoked: 'Token revoked',
  shared: 'Shared by several machines',
  alone: 'One machine again',
  alert_raised: 'Alert raised',
  alert_resolved: 'Alert resolved',
};

/** What more there is to say: `1.0.2 → 1.1.0`, or the rule of an alert; empty where there is nothing. */
export function eventDetail({ before, now, alert }: MachineEvent): string {
  if (alert !== null) return alert.rule_name;
  return before === '' || now === '' ? now : `${before} → ${now}`;
}
