/** The states a thing can be in. Each has a colour, a shape and a word; never the colour alone. */
export type State = 'good' | 'warning' | 'critical' | 'offline' | 'stale' | 'waiting';

export const STATE_WORD: Record<State, string> = {
  good: 'Online',
  warning: 'Warning',
  critical: 'Critical',
  offline: 'Offline',
  stale: 'Stale',
  waiting: 'Waiting',
};
