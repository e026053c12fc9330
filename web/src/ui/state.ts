/** The states that a machine or an alert is shown in. Each has a colour, a shape and a word. */
export type State = 'good' | 'warning' | 'critical' | 'offline' | 'stale' | 'waiting';

export const STATE_WORD: Record<State, string> = {
  good: 'Online',
  warning: 'Warning',
  critical: 'Critical',
  offline: 'Offline',
  stale: 'Stale',
  waiting: 'Waiting',
};
