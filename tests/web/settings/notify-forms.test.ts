import { describe, expect, it } from 'vitest';
import { alertRoute, alertRouteCreate, type ChannelKindInfo } from '#protocol/notify.ts';
import { routeDraftOf, routeOf } from '../../../web/src/settings/alert-routes/route-draft.ts';
import { daysWords, matchWords, paceWords } from '../../../web/src/settings/alert-routes/route-words.ts';
import { enteredOf, settingsOf } from '../../../web/src/settings/channels/channel-draft.ts';

const route = alertRoute.parse({ id: 'r', name: 'Databases', channels: ['mail'] });
const full = alertRoute.parse({
  id: 'r',
  name: 'Databases',
  channels: ['mail'],
  match: {
    severities: ['critical'],
    tags: ['db'],
    name: 'db-*',
    rules: ['disk'],
    hours: { days: [5, 1, 2, 3, 4], from: '18:00', to: '08:00', time_zone: 'Europe/Berlin' },
  },
  group_by: 'tag',
  group_tag: 'site:',
  wait_s: 30,
  repeat_s: 7200,
  escalate: { after_s: 900, channels: ['phone'] },
  digest_s: 3600,
  send_resolved: false,
  goes_on: true,
});

describe('alert routes in words', () => {
  it('days that follow one another are joined from three on', () => {
    expect(daysWords([1, 2, 3, 4, 5])).toBe('Mon–Fri');
    expect(daysWords([7, 6])).toBe('Sat, Sun');
    expect(daysWords([1, 3, 5, 6, 7])).toBe('Mon, Wed, Fri–Sun');
    expect(daysWords([1, 2, 3, 4, 5, 6, 7])).toBe('every day');
  });

  it('a route says which alerts it takes, and when people are told', () => {
    const names = (ids: readonly string[]) => ids.join(', ');
    expect(matchWords(route.match, (id) => id)).toBe('Every alert');
    expect(matchWords(full.match, () => 'Disk full')).toBe(
      'Critical alerts, of Disk full, on machines tagged db, on machines named db-*, raised Mon–Fri 18:00–08:00 (Europe/Berlin)',
    );
    expect(paceWords(route, names)).toBe('One message a rule, 10 s after the first alert');
    expect(paceWords(full, names)).toBe(
      'One message a tag site:…, 30 s after the first alert; warnings every 1 h; repeated every 2 h until acknowledged; not acknowledged after 15 min: phone',
    );
  });
});

describe('the form of a route', () => {
  it.each([
    ['a plain route', route],
    ['a route with everything', full],
  ])('%s goes through it unchanged', (_, stored) => {
    const { id: _id, enabled: _enabled, ...expected } = stored;
    expect(alertRouteCreate.parse(routeOf(routeDraftOf(stored, 'UTC')))).toMatchObject(expected);
  });
});

describe('the form of a channel', () => {
  const field = { label: '', required: false, secret: false, hint: '', placeholder: '', choices: [] };
  const kind: ChannelKindInfo = {
    kind: 'mail',
    name: 'Mail',
    about: '',
    fields: [
      { ...field, name: 'to', type: 'lines', default: null },
      { ...field, name: 'port', type: 'number', default: 587 },
      { ...field, name: 'tls', type: 'switch', default: true },
      { ...field, name: 'password', type: 'text', secret: true, default: null },
    ],
  };

  it('begins with the defaults of its kind', () => {
    expect(enteredOf(kind, undefined)).toEqual({ to: '', port: 587, tls: true, password: '' });
  });

  it('sends lines as a list, and what is empty as null', () => {
    const entered = { to: ' a@example.com\n\nb@example.com ', port: null, tls: false, password: '' };
    expect(settingsOf(kind, entered)).toEqual({
      to: ['a@example.com', 'b@example.com'],
      port: null,
      tls: false,
      password: null,
    });
  });
});
