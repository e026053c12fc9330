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

/** The worst first. */
export const STATE_RANK: Readonly<Record<State, number>> = {
  critical: 0,
  warning: 1,
  offline: 2,
  stale: 3,
  waiting: 4,
  good: 5,
};

/** The token of a state's colour, for what is drawn on a canvas. */
export const STATE_TOKEN: Readonly<Record<State, string>> = {
  good: '--good',
  warning: '--warning',
  critical: '--critical',
  offline: '--offline',
  stale: '--stale',
  waiting: '--offline',
};
