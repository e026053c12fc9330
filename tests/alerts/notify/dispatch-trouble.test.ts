import { describe, expect, it } from 'vitest';
import type { Mute } from '#protocol/alerts.ts';
import { resolve } from '../../../server/alerts/lifecycle.ts';
import { routeOf, stageDispatch } from './dispatch-stage.ts';

const HOUR = 3_600_000;
const silence: Mute = { by: 'silence', id: 's', name: 'Upgrade', until: null };
const { match } = routeOf();

describe('routes that change while alerts are active', () => {
  const first = routeOf({ id: '1', channels: ['mail'] });
  const second = routeOf({ id: '2', channels: ['phone'] });

  it.each([
    ['removed', [second]],
    ['switched off', [{ ...first, enabled: false }, second]],
  ])('[A5] the alerts of a route that is %s go to the others that match', async (_, routes) => {
    const stage = stageDispatch([first, second]);
    stage.raise(['a']);
    await stage.pass(15);
    stage.setRoutes(routes);
    await stage.pass(15);
    expect(stage.said()).toEqual(['firing to mail: a', 'firing to phone: a']);
    stage.restart();
    stage.resolve(['a']);
    await stage.pass(5);
    expect(stage.said().slice(2)).toEqual(['resolved to phone: a']);
  });

  it('[A5] a route that was switched off and on again tells of what still fires', async () => {
    const stage = stageDispatch([first]);
    stage.raise(['a']);
    await stage.pass(15);
    stage.setRoutes([{ ...first, enabled: false }]);
    await stage.pass(15);
    stage.setRoutes([first]);
    await stage.pass(15);
    expect(stage.said()).toEqual(['firing to mail: a', 'firing to mail: a']);
  });

  it('[A5] alerts of a route without channels are told of once it has one', async () => {
    const stage = stageDispatch([routeOf({ channels: [] })]);
    stage.raise(['a']);
    await stage.pass(15);
    stage.setRoutes([routeOf({ channels: ['mail'] })]);
    await stage.pass(15);
    expect(stage.said()).toEqual(['firing to mail: a']);
  });

  it('[A5] an alert that becomes critical also goes to the route for critical alerts', async () => {
    const stage = stageDispatch([
      routeOf({ id: '1', channels: ['phone'], match: { ...match, severities: ['critical'] } }),
      routeOf({ id: '2', channels: ['mail'] }),
    ]);
    stage.raise(['a'], { severity: 'warning' });
    await stage.pass(15);
    expect(stage.said()).toEqual(['firing to mail: a']);
    stage.change(['a'], { severity: 'critical' });
    await stage.pass(15);
    expect(stage.said()).toContain('firing to phone: a');
  });
});

describe('alerts that people are not to be told of', () => {
  it('[A6] an alert that comes and goes under a silence is not told of when it ends', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a'], { muted: silence });
    await stage.pass(60);
    const alert = stage.alerts.get('a');
    if (alert === undefined) throw new Error('no alert');
    // The end takes the mute away.
    stage.change(['a'], resolve(alert, 'cleared', stage.clock.now()));
    await stage.pass(600);
    expect(stage.said()).toEqual([]);
    expect(stage.groups.all()).toEqual([]);
  });

  it('[A5] an alert acknowledged before its message is told of once somebody takes that back', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    await stage.pass(2);
    stage.acknowledge(['a']);
    await stage.pass(60);
    stage.change(['a'], { state: 'firing', acknowledged: null });
    await stage.pass(60);
    expect(stage.said()).toEqual(['firing to mail: a']);
  });

  it('[A5] an alert that comes and goes within a moment is told of all the same', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    stage.resolve(['a']);
    await stage.pass(20);
    expect(stage.said()).toEqual(['resolved to mail: a']);
  });
});

describe('repetition and escalation', () => {
  it('[A6] an alert that joins a group whose others are acknowledged is not repeated or escalated at once', async () => {
    const escalate = { after_s: 120, channels: ['phone'] };
    const stage = stageDispatch([routeOf({ repeat_s: 120, escalate })]);
    stage.raise(['a']);
    await stage.pass(15);
    stage.acknowledge(['a']);
    await stage.pass(3600);
    stage.raise(['b']);
    await stage.pass(60);
    expect(stage.said().slice(2)).toEqual(['firing to mail: b']);
    await stage.pass(120);
    expect(stage.said().slice(3).toSorted()).toEqual(['escalated to phone: b', 'repeated to mail: b']);
  });

  it('[A5] a second outage in a group that was escalated is escalated, too', async () => {
    const stage = stageDispatch([routeOf({ escalate: { after_s: 120, channels: ['phone'] } })]);
    stage.raise(['a']);
    await stage.pass(200);
    stage.raise(['b']);
    await stage.pass(600);
    expect(stage.said()).toEqual([
      'firing to mail: a',
      'escalated to phone: a',
      'firing to mail: b',
      'escalated to phone: a, b',
    ]);
  });

  it('[A3] after a crash between the outbox and the group, the message is repeated and escalated in time', async () => {
    const escalate = { after_s: 120, channels: ['phone'] };
    const stage = stageDispatch([routeOf({ repeat_s: 300, escalate })]);
    stage.raise(['a']);
    await stage.pass(3);
    const before = stage.groups.all();
    await stage.pass(10);
    for (const group of before) stage.groups.keep(group);
    stage.restart();
    await stage.pass(310);
    expect(stage.said()).toEqual(['firing to mail: a', 'escalated to phone: a', 'repeated to mail: a']);
  });
});

describe('the clock of the server is set', () => {
  it('[A5] back an hour: new alerts, repetition, escalation and a partial end wait no longer than without that', async () => {
    const escalate = { after_s: 120, channels: ['phone'] };
    const stage = stageDispatch([routeOf({ repeat_s: 300, escalate })]);
    stage.raise(['a', 'b']);
    await stage.pass(15);
    stage.resolve(['b']);
    await stage.pass(2);
    stage.clock.jump(-HOUR);
    stage.raise(['c']);
    await stage.pass(310);
    expect(stage.said().toSorted()).toEqual([
      'escalated to phone: a, c',
      'firing to mail: a, b',
      'firing to mail: c',
      'repeated to mail: a, c',
      'resolved to mail: b',
    ]);
  });

  it('[A5] back an hour: a digest does not wait for longer than without that', async () => {
    const stage = stageDispatch([routeOf({ digest_s: 600 })]);
    stage.raise(['a']);
    await stage.pass(15);
    stage.clock.jump(-HOUR);
    await stage.pass(605);
    expect(stage.said()).toEqual(['firing to mail: a']);
  });

  it('[A3] forward a day: what is due by then is said once', async () => {
    const escalate = { after_s: 120, channels: ['phone'] };
    const stage = stageDispatch([routeOf({ repeat_s: 300, escalate })]);
    stage.raise(['a']);
    await stage.pass(15);
    stage.clock.jump(24 * HOUR);
    await stage.pass(60);
    expect(stage.said()).toEqual(['firing to mail: a', 'escalated to phone: a', 'repeated to mail: a']);
  });
});

describe('many groups, and a disk that is full', () => {
  const machines = Array.from({ length: 1000 }, (_, i) => `m${i}`);

  it('[A5] a thousand groups at once are told of once each, end, and leave nothing behind', async () => {
    const stage = stageDispatch([routeOf({ group_by: 'machine' })]);
    stage.raise(machines);
    expect(stage.isAwaited('m7')).toBe(true);
    await stage.pass(15);
    expect(stage.said().toSorted()).toEqual(machines.map((id) => `firing to mail: ${id}`).toSorted());
    stage.restart();
    stage.resolve(machines);
    expect(stage.isAwaited('m7')).toBe(true);
    await stage.pass(15);
    expect(stage.said()).toHaveLength(2000);
    expect(stage.groups.all()).toEqual([]);
    expect(machines.filter(stage.isAwaited)).toEqual([]);
  });

  it('[A5] on a full disk people are told all the same, and once', async () => {
    const stage = stageDispatch([routeOf({ wait_s: 0 })]);
    const full = () => Promise.reject(new Error('no space left'));
    Object.assign(stage.notifications, { put: full });
    Object.assign(stage.groups, { saved: full });
    stage.raise(['a']);
    await stage.pass(120);
    stage.resolve(['a']);
    await stage.pass(5);
    expect(stage.said()).toEqual(['firing to mail: a', 'resolved to mail: a']);
  });
});
