import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import { holdStill, mergeAlerts, sortedAlerts } from '../../../web/src/alerts/alert-list.ts';
import { firing } from '../../protocol/firing-alert.ts';

const alert = (id: string, more: Partial<Alert> = {}): Alert => ({ ...firing, id, ...more });

describe('lists of alerts', () => {
  it('sorted alerts are the critical ones first, then the newest', () => {
    const list = [
      alert('a', { timestamp: 3 }),
      alert('b', { severity: 'critical', timestamp: 1 }),
      alert('c', { timestamp: 4 }),
      alert('d', { severity: 'critical', timestamp: 2 }),
    ];
    expect(sortedAlerts(list).map(({ id }) => id)).toEqual(['d', 'b', 'c', 'a']);
  });

  it('merged lists hold each alert once, as it is now', () => {
    const merged = mergeAlerts([alert('a'), alert('b')], [alert('a', { state: 'resolved' }), alert('c')]);
    expect(merged.map(({ id, state }) => `${id} ${state}`)).toEqual(['a resolved', 'b firing', 'c firing']);
  });

  it('a list of alerts that is held still keeps each alert in its place, as it is now, and adds new ones at the end', () => {
    const shown = [alert('a'), alert('b'), alert('c')];
    const current = [alert('new'), alert('c', { value: 99 }), alert('a')];
    const ended = [alert('b', { state: 'resolved' })];
    expect(holdStill(shown, current, ended)).toEqual([
      alert('a'),
      alert('b', { state: 'resolved' }),
      alert('c', { value: 99 }),
      alert('new'),
    ]);
  });
});
