import { describe, expect, it } from 'vitest';
import type { ChannelRecord } from '#protocol/notify.ts';
import { audienceOf } from '../../../server/alerts/notify/audience.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { routeOf } from './dispatch-stage.ts';

const mail: ChannelRecord = {
  id: 'mail',
  name: 'Ops mail',
  kind: 'email',
  enabled: true,
  settings: {},
  private_network: false,
  template: { title: null, body: null },
  created_at: 0,
};
const parts = { routes: [routeOf()], channels: [mail], notifications: [] };

describe('[A5] who is told of an alert', () => {
  it('the routes that take it are listed with the names of their channels', () => {
    expect(audienceOf(firing, [], parts)).toEqual({
      routes: [{ id: 'route', name: 'Everything', channels: ['Ops mail'] }],
      nobody_because: null,
      notifications: [],
    });
  });

  it.each([
    ['there is no channel', firing, { ...parts, channels: [] }, /no channel yet/],
    ['no route takes it', firing, { ...parts, routes: [] }, /No route takes it/],
    [
      'its route leads to nobody',
      firing,
      { ...parts, routes: [routeOf({ channels: [] })] },
      /"Everything" takes it, but has no channel that is switched on/,
    ],
    [
      'its channel is switched off',
      firing,
      { ...parts, channels: [{ ...mail, enabled: false }] },
      /no channel that is switched on/,
    ],
    [
      'it is muted',
      { ...firing, muted: { by: 'silence', id: 's', name: 'Upgrade', until: null } } as const,
      parts,
      /It is muted: Upgrade/,
    ],
  ])('where %s, it says that nobody is told, and why', (_, alert, given, words) => {
    expect(audienceOf(alert, [], given).nobody_because).toMatch(words);
  });
});
