/** Events of machines as words. */
import type { EventKind, MachineEvent } from '#protocol/events.ts';
import type { State } from '../ui/state.ts';

const WORDS: Readonly<Record<EventKind, string>> = {
  joined: 'joined',
  online: 'is online again',
  offline: 'went offline',
  rebooted: 'was restarted',
  agent: 'has another agent',
  address: 'has another address',
  hostname: 'has another host name',
  system: 'has another system',
  token_revoked: 'lost its token',
  alert_raised: 'raised an alert',
  alert_resolved: 'resolved an alert',
};

/** What happened, to be read after the machine's name: `went offline`, `has another agent: 1.0.2 → 1.1.0`. */
export function eventText({ kind, before, now, alert }: MachineEvent): string {
  if (alert !== null) return alert.rule_name;
  const change = [before, now].filter((text) => text !== '').join(' → ');
  return change === '' ? WORDS[kind] : `${WORDS[kind]}: ${change}`;
}

/** The state that an event stands for; undefined where it stands for none. */
export function eventState({ kind, alert }: MachineEvent): State | undefined {
  if (kind === 'alert_raised') return alert?.severity;
  if (kind === 'alert_resolved' || kind === 'online') return 'good';
  return kind === 'offline' ? 'offline' : undefined;
}
