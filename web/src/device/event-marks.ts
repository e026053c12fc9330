/** Events of a machine on the time axis of its charts: moments, and the times in which it was offline. */
import type { MachineEvent } from '#protocol/events.ts';
import type { PlotEvent } from '../charts/plot.ts';
import { EVENT_NAMES, eventDetail } from '../format/event-words.ts';
import { moment } from '../format/time.ts';

/** Alerts have marks of their own, in the charts of their fields; that a machine was online again ends a span. */
const UNMARKED = ['alert_raised', 'alert_resolved', 'online'];

/** `Agent changed: 1.0.2 → 1.1.0, 22 Nov 2026, 14:07:09` */
export function eventInWords(event: MachineEvent): string {
  const detail = eventDetail(event);
  return `${EVENT_NAMES[event.kind]}${detail === '' ? '' : `: ${detail}`}, ${moment(event.at)}`;
}

/** `events`: newest first, as the server has them. */
export function eventMarks(events: readonly MachineEvent[]): readonly PlotEvent[] {
  return events.flatMap((event, i): PlotEvent[] => {
    if (UNMARKED.includes(event.kind)) return [];
    const { id, at, kind } = event;
    const title = eventInWords(event);
    if (kind !== 'offline') return [{ id, at, title }];
    const back = events.slice(0, i).findLast((later) => later.kind === 'online');
    return [{ id, at, until: back?.at ?? null, title }];
  });
}
