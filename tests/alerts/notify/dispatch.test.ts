import { describe, expect, it } from 'vitest';
import { routeOf, stageDispatch } from './dispatch-stage.ts';

const many = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`);

describe('what people are told of alerts, and when', () => {
  it('[A5] alerts raised within the first wait become one message, which lists all of them', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    await stage.pass(5);
    stage.raise(['b', 'c']);
    await stage.pass(4);
    expect(stage.said()).toEqual([]);
    await stage.pass(2);
    expect(stage.said()).toEqual(['firing to mail: a, b, c']);
    await stage.pass(3600);
    expect(stage.said()).toHaveLength(1);
  });

  it('[A5] an outage of 500 machines is one message that lists all 500, and one when they are back', async () => {
    const stage = stageDispatch([routeOf()]);
    for (const part of [many(500).slice(0, 200), many(500).slice(200)]) {
      stage.raise(part, { metric: 'offline', severity: 'critical' });
      await stage.pass(3);
    }
    await stage.pass(20);
    expect(stage.notifications.all()).toHaveLength(1);
    expect(stage.last().alerts).toHaveLength(500);
    for (let i = 0; i < 500; i += 50) {
      stage.resolve(many(500).slice(i, i + 50));
      await stage.pass(2);
    }
    await stage.pass(120);
    expect(stage.notifications.all().map(({ event }) => event)).toEqual(['firing', 'resolved']);
    expect(stage.last().alerts).toHaveLength(500);
    expect(stage.groups.all()).toEqual([]);
  });

  it('[A3] a restart in the middle of an outage repeats nothing and forgets nothing', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(many(300));
    await stage.pass(4);
    stage.restart();
    await stage.pass(20);
    expect(stage.said()).toHaveLength(1);
    stage.restart();
    await stage.pass(120);
    expect(stage.said()).toHaveLength(1);
    stage.resolve(many(300).slice(0, 150));
    await stage.pass(1);
    stage.restart();
    stage.resolve(many(300).slice(150));
    await stage.pass(5);
    stage.restart();
    await stage.pass(120);
    expect(stage.notifications.all().map(({ event }) => event)).toEqual(['firing', 'resolved']);
    expect(stage.last().alerts).toHaveLength(300);
  });

  it('[A3] after a crash between the outbox and the group, the message is not made twice', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a', 'b']);
    await stage.pass(3);
    const before = stage.groups.all();
    await stage.pass(10);
    expect(stage.said()).toEqual(['firing to mail: a, b']);
    // The group as it was before the message, as a crash leaves it.
    for (const group of before) stage.groups.keep(group);
    stage.raise(['c']);
    stage.restart();
    await stage.pass(120);
    expect(stage.said()).toEqual(['firing to mail: a, b', 'firing to mail: c']);
    stage.resolve(['a', 'b', 'c']);
    await stage.pass(2);
    expect(stage.said().at(-1)).toBe('resolved to mail: a, b, c');
    expect(stage.last().number).toBe(3);
  });

  it('[A3] an alert that a crash lost leaves its group, and people are told of the one raised anew', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    await stage.pass(12);
    stage.alerts.delete('a');
    stage.restart();
    stage.raise(['a2']);
    await stage.pass(70);
    expect(stage.said()).toEqual(['firing to mail: a', 'firing to mail: a2']);
  });

  it('[A5] an alert that ends before its message is told of all the same', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    await stage.pass(3);
    stage.resolve(['a']);
    await stage.pass(20);
    expect(stage.said()).toEqual(['resolved to mail: a']);
  });

  it('further alerts of a group are told of together, not one by one', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    await stage.pass(15);
    for (const id of ['b', 'c', 'd']) {
      stage.raise([id]);
      await stage.pass(10);
    }
    await stage.pass(60);
    expect(stage.said()).toEqual(['firing to mail: a', 'firing to mail: b, c, d']);
  });

  it('machines that stay away while others come back are no reason to say nothing', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a', 'b', 'c']);
    await stage.pass(15);
    stage.resolve(['a']);
    await stage.pass(58);
    expect(stage.said()).toHaveLength(1);
    await stage.pass(5);
    expect(stage.said().at(-1)).toBe('resolved to mail: a');
    stage.resolve(['b', 'c']);
    await stage.pass(2);
    expect(stage.said().at(-1)).toBe('resolved to mail: b, c');
  });

  it('[A6] acknowledging ends the repetition, and taking it back begins it again', async () => {
    const stage = stageDispatch([routeOf({ repeat_s: 300 })]);
    stage.raise(['a', 'b']);
    await stage.pass(10 + 305);
    expect(stage.said()).toEqual(['firing to mail: a, b', 'repeated to mail: a, b']);
    stage.acknowledge(['a']);
    await stage.pass(2);
    expect(stage.said().at(-1)).toBe('acknowledged to mail: a');
    await stage.pass(300);
    expect(stage.said().at(-1)).toBe('repeated to mail: b');
    stage.acknowledge(['b']);
    await stage.pass(3600);
    expect(stage.said().at(-1)).toBe('acknowledged to mail: b');
    stage.change(['a'], { state: 'firing', acknowledged: null });
    await stage.pass(301);
    expect(stage.said().at(-1)).toBe('repeated to mail: a');
  });

  it('[A3] a restart does not begin the time of a repetition again', async () => {
    const stage = stageDispatch([routeOf({ repeat_s: 300 })]);
    stage.raise(['a']);
    await stage.pass(200);
    stage.restart();
    await stage.pass(115);
    expect(stage.said()).toEqual(['firing to mail: a', 'repeated to mail: a']);
  });

  it('[A6] an alert acknowledged before its message is not told of, neither then nor when it ends', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    await stage.pass(2);
    stage.acknowledge(['a']);
    await stage.pass(60);
    expect(stage.said()).toEqual([]);
  });

  it('where nobody acknowledges, other channels are told once, and of the end as well', async () => {
    const escalate = { after_s: 120, channels: ['phone'] };
    const stage = stageDispatch([routeOf({ escalate })]);
    stage.raise(['a']);
    await stage.pass(100);
    stage.restart();
    await stage.pass(600);
    expect(stage.said()).toEqual(['firing to mail: a', 'escalated to phone: a']);
    stage.resolve(['a']);
    await stage.pass(2);
    expect(stage.said().slice(2)).toEqual(['resolved to mail: a', 'resolved to phone: a']);
  });

  it('[A6] an acknowledged alert is not escalated', async () => {
    const stage = stageDispatch([routeOf({ escalate: { after_s: 120, channels: ['phone'] } })]);
    stage.raise(['a']);
    await stage.pass(60);
    stage.acknowledge(['a']);
    await stage.pass(600);
    expect(stage.said()).toEqual(['firing to mail: a', 'acknowledged to mail: a']);
  });

  it('a warning that becomes critical is told of again', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    await stage.pass(20);
    stage.change(['a'], { severity: 'critical' });
    await stage.pass(60);
    expect(stage.said()).toEqual(['firing to mail: a', 'firing to mail: a']);
    expect(stage.last().alerts[0]?.severity).toBe('critical');
  });

  it('[A6] a muted alert is told of when the silence ends, should it still fire', async () => {
    const stage = stageDispatch([routeOf()]);
    const muted = { by: 'silence', id: 's', name: 'Upgrade', until: null } as const;
    stage.raise(['a', 'b'], { muted });
    await stage.pass(600);
    stage.resolve(['b']);
    await stage.pass(600);
    expect(stage.said()).toEqual([]);
    stage.change(['a'], { muted: null });
    await stage.pass(2);
    expect(stage.said()).toEqual(['firing to mail: a']);
  });

  it('[A6] what people know of ends for them under a silence too, and is not repeated there', async () => {
    const stage = stageDispatch([routeOf({ repeat_s: 60 })]);
    stage.raise(['a']);
    await stage.pass(15);
    stage.change(['a'], { muted: { by: 'silence', id: 's', name: 'Upgrade', until: null } });
    await stage.pass(600);
    expect(stage.said()).toEqual(['firing to mail: a']);
    stage.resolve(['a']);
    await stage.pass(2);
    expect(stage.said()).toEqual(['firing to mail: a', 'resolved to mail: a']);
  });

  it('warnings of a digest wait and become one message; a critical alert does not wait with them', async () => {
    const stage = stageDispatch([routeOf({ group_by: 'all', digest_s: 3600 })]);
    stage.raise(['a']);
    await stage.pass(600);
    stage.raise(['b']);
    await stage.pass(2900);
    expect(stage.said()).toEqual([]);
    await stage.pass(200);
    expect(stage.said()).toEqual(['firing to mail: a, b']);

    const urgent = stageDispatch([routeOf({ group_by: 'all', digest_s: 3600 })]);
    urgent.raise(['a']);
    await urgent.pass(600);
    urgent.raise(['b'], { severity: 'critical' });
    await urgent.pass(12);
    expect(urgent.said()).toEqual(['firing to mail: a, b']);
  });

  it('an alert that fires again after its end begins a thread of its own', async () => {
    const stage = stageDispatch([routeOf()]);
    stage.raise(['a']);
    await stage.pass(15);
    const { thread } = stage.last();
    stage.resolve(['a']);
    await stage.pass(5);
    stage.change(['a'], { state: 'firing', resolved_at: null, resolution: null, reopened: 1 });
    await stage.pass(15);
    expect(stage.said()).toEqual(['firing to mail: a', 'resolved to mail: a', 'firing to mail: a']);
    expect(stage.last().thread).not.toBe(thread);
  });

  it('a route says nothing of the end, or of acknowledging, where it is told not to', async () => {
    const stage = stageDispatch([routeOf({ send_resolved: false, send_acknowledged: false })]);
    stage.raise(['a', 'b']);
    await stage.pass(15);
    stage.acknowledge(['a']);
    stage.resolve(['b']);
    await stage.pass(100);
    stage.resolve(['a']);
    await stage.pass(100);
    expect(stage.said()).toEqual(['firing to mail: a, b']);
    expect(stage.groups.all()).toEqual([]);
  });
});

describe('which route an alert takes', () => {
  it('the first route that matches takes an alert, and the next one too where the first goes on', async () => {
    const match = routeOf().match;
    const stage = stageDispatch([
      routeOf({ id: '1', match: { ...match, tags: ['db'] }, channels: ['dba'], goes_on: true }),
      routeOf({ id: '2', match: { ...match, severities: ['critical'] }, channels: ['phone'] }),
      routeOf({ id: '3', channels: ['mail'] }),
    ]);
    stage.tags.set('db-1', ['db']);
    stage.raise(['db-1'], { severity: 'critical' });
    stage.raise(['web-1']);
    await stage.pass(15);
    expect(stage.said().toSorted()).toEqual([
      'firing to dba: db-1',
      'firing to mail: web-1',
      'firing to phone: db-1',
    ]);
  });

  it.each([
    ['web-*', 'web-1', true],
    ['*.example.com', 'a.example.com', true],
    ['WEB-1', 'web-1', true],
    ['web', 'web-1', false],
    ['w.b-1', 'web-1', false],
    ['*', 'x', true],
  ])('a route for the name %s takes the machine %s: %s', async (name, machine, taken) => {
    const stage = stageDispatch([routeOf({ match: { ...routeOf().match, name } })]);
    stage.raise(['x'], { device_name: machine });
    await stage.pass(15);
    expect(stage.said()).toHaveLength(taken ? 1 : 0);
  });

  it('a route for some hours takes alerts that were raised in them', async () => {
    const hours = { days: [4], from: '00:00', to: '00:30', time_zone: 'UTC' };
    const stage = stageDispatch([routeOf({ match: { ...routeOf().match, hours }, group_by: 'machine' })]);
    stage.raise(['a']);
    await stage.pass(1900);
    stage.raise(['b']);
    await stage.pass(15);
    expect(stage.said()).toEqual(['firing to mail: a']);
  });

  it.each([
    ['all', 1],
    ['rule', 2],
    ['machine', 4],
    ['tag', 3],
  ] as const)('alerts are grouped by %s', async (group_by, messages) => {
    const stage = stageDispatch([routeOf({ group_by, group_tag: 'site:' })]);
    stage.tags.set('a', ['site:berlin']);
    stage.tags.set('b', ['web', 'site:berlin']);
    stage.tags.set('c', ['site:paris']);
    stage.raise(['a', 'c'], { rule_id: 'cpu' });
    stage.raise(['b', 'd'], { rule_id: 'disk' });
    await stage.pass(15);
    expect(stage.said()).toHaveLength(messages);
  });

  it('[A5] alerts that no route took are told of once there is one', async () => {
    const stage = stageDispatch([]);
    stage.raise(['a']);
    await stage.pass(100);
    expect(stage.said()).toEqual([]);
    stage.setRoutes([routeOf()]);
    await stage.pass(15);
    expect(stage.said()).toEqual(['firing to mail: a']);
  });

  it('a message of a route with two channels is one notification for each, with one number', async () => {
    const stage = stageDispatch([routeOf({ channels: ['mail', 'phone', 'mail'] })]);
    stage.raise(['a']);
    await stage.pass(15);
    expect(stage.said()).toEqual(['firing to mail: a', 'firing to phone: a']);
    expect(new Set(stage.notifications.all().map(({ number }) => number))).toEqual(new Set([1]));
  });
});
