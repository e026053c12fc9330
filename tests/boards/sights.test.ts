import { expect, it } from 'vitest';
import { ALL_MACHINES, type Machine, type MachineScope } from '#protocol/machine-scope.ts';
import { createSights } from '../../server/boards/sights.ts';

const machine = (id: string, ...tags: string[]): Machine => ({ id, name: id, tags });
const tagged = (...tags: string[]): MachineScope => ({ ...ALL_MACHINES, tags });

function stage(scopes: Record<string, readonly MachineScope[]>) {
  const machines = new Map(['a', 'b', 'c'].map((id) => [id, machine(id, id === 'c' ? 'odd' : 'web')]));
  const told: string[] = [];
  let looks = 0;
  let tell: (() => void) | undefined;
  const sights = createSights({
    scopesOf: (linkId) => scopes[linkId] ?? [],
    machines() {
      looks++;
      return [...machines.values()];
    },
    onChange: (linkId) => told.push(linkId),
    after(_, job) {
      tell = job;
      return () => undefined;
    },
  });
  return {
    sights,
    scopes,
    told,
    looks: () => looks,
    tell: () => tell?.(),
    seenBy: (linkId: string) => [...machines.keys()].filter((id) => sights.of(linkId).has(id)).join(''),
    change(next: Machine) {
      machines.set(next.id, next);
      sights.machineChanged(next);
    },
  };
}

it('[W1] a display sees the machines of any of its scopes, and none where it has no scope', () => {
  const { seenBy } = stage({ web: [tagged('web')], both: [tagged('web'), tagged('odd')], none: [] });
  expect([seenBy('web'), seenBy('both'), seenBy('none'), seenBy('gone')]).toEqual(['ab', 'abc', '', '']);
});

it('[W1] a machine is looked at again only when it, or what the link shows, has changed', () => {
  const { sights, seenBy, change, looks, scopes } = stage({ web: [tagged('web')] });
  for (let n = 0; n < 100; n++) seenBy('web');
  change(machine('c', 'web'));
  change(machine('a'));
  sights.shownChanged();
  expect([seenBy('web'), looks()]).toEqual(['bc', 1]);
  scopes['web'] = [{ ...ALL_MACHINES, name: 'A' }];
  sights.shownChanged();
  expect([seenBy('web'), looks()]).toEqual(['a', 2]);
});

it('[W1] displays are told once of many changes at a time, and only where they see other machines', () => {
  const { sights, seenBy, change, told, tell, scopes } = stage({
    web: [tagged('web')],
    odd: [tagged('odd')],
  });
  for (const id of ['web', 'odd']) seenBy(id);
  change(machine('a', 'web', 'new'));
  change({ ...machine('b', 'web'), name: 'another name' });
  tell();
  expect(told).toEqual([]);
  change(machine('a'));
  change(machine('b'));
  tell();
  expect(told).toEqual(['web']);
  scopes['odd'] = [tagged('odd'), tagged('none')];
  sights.shownChanged();
  tell();
  expect(told).toEqual(['web']);
  sights.machineRemoved('c');
  tell();
  expect(told).toEqual(['web', 'odd']);
  expect(seenBy('odd')).toBe('');
});
