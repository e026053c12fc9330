/** How a channel works, in words. */
import type { Channel, ChannelHealth } from '#protocol/notify.ts';
import type { State } from '../../ui/state.ts';

const STATES: Record<ChannelHealth['state'], { state: State; word: string }> = {
  ok: { state: 'good', word: 'Delivers' },
  failing: { state: 'critical', word: 'Does not deliver' },
  unused: { state: 'waiting', word: 'Not used yet' },
};

/** The state that a channel is shown in, and the word for it. */
export function healthState({ enabled, health }: Channel): { state: State; word: string } {
  return enabled ? STATES[health.state] : { state: 'offline', word: 'Off' };
}
