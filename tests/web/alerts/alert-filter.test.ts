import { expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import { isShown, parseFilter, writeFilter } from '../../../web/src/alerts/alert-filter.ts';
import { sortedAlerts } from '../../../web/src/alerts/alert-list.ts';
import { timelineOf } from '../../../web/src/alerts/alert-timeline.ts';
import { firing } from '../../protocol/firing-alert.ts';

const alert = (id: string, more: Partial<Alert> = {}): Alert => ({ ...firing, id, ...more });
const filter = (query: string) => parseFilter(new URLSearchParams(query));

it('a filter is read from the URL as it was written, and anything unknown in it is passed over', () => {
  for (const query of ['', '?view=history&q=fan+broke', '?severity=critical&device=d&show=unattended'])
    expect(writeFilter(filter(query))).toBe(query);
  expect(writeFilter(filter('?view=odd&severity=odd&show=odd&more=1'))).toBe('');
});

it('the filter finds alerts by severity, machine, words and whether they need somebody', () => {
  const taken = alert('b', { state: 'acknowledged', severity: 'critical', device_id: 'e' });
  const shown = (query: string) => [alert('a'), taken].filter((each) => isShown(each, filter(query)));
  const ids = (query: string) => shown(query).map(({ id }) => id);
  expect(ids('')).toEqual(['a', 'b']);
  expect(ids('?severity=critical')).toEqual(['b']);
  expect(ids('?device=d')).toEqual(['a']);
  expect(ids('?show=unattended')).toEqual(['a']);
  expect(ids('?q=CPU+web')).toEqual(['a', 'b']);
  expect(ids('?q=memory')).toEqual([]);
});

it('[A6] acknowledged and muted alerts come after those that need somebody, whatever their severity', () => {
  const mute = { by: 'maintenance' as const, id: 's', name: 's', until: null };
  const list = [
    alert('muted', { severity: 'critical', muted: mute }),
    alert('warning'),
    alert('taken', { state: 'acknowledged' }),
    alert('critical', { severity: 'critical' }),
  ];
  expect(sortedAlerts(list).map(({ id }) => id)).toEqual(['critical', 'warning', 'muted', 'taken']);
});

it('the timeline of an alert has what happened and what was said, in order', () => {
  const entries = timelineOf(
    alert('a', {
      comments: [{ at: 3000, by: 'bob', text: 'restarted' }],
      events: [
        { at: 2000, what: 'acknowledged', by: 'ann', text: 'on it' },
        { at: 4000, what: 'resolved', by: null, text: 'cleared' },
        { at: 5000, what: 'reopened', by: null, text: '' },
      ],
    }),
  );
  expect(entries.map(({ words, by, text }) => [words, by, text].filter(Boolean).join(' | '))).toEqual([
    'Raised as warning: 97 %, above 90 %',
    'Acknowledged | ann | on it',
    'Comment | bob | restarted',
    'Cleared',
    'Fires again',
  ]);
});
