/**
 * Containers, by their control groups (`container-cgroups.ts`), with what a runtime says of them where it may be asked
 * (`container-runtime.ts`).
 *
 * A container is called what its runtime calls it; without the runtime, by the first twelve digits of its id, as
 * `docker ps` shows it. Its image is text, which samples cannot hold: it is part of the inventory, which is sent only
 * when it changed.
 */
import { availableParallelism } from 'node:os';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Described, Fields } from './collector.ts';
import { findContainers, type ContainerGroup } from './container-cgroups.ts';
import { createRuntimes, type ContainerFacts, type Runtimes } from './container-runtime.ts';
import { openGroups, type ContainerUse } from './container-use.ts';
import { keepNames, sendable } from './instance-names.ts';
import { createRates, hundredth, isKnown, MOST_BYTES, percent, tenth, type Rates } from './rates.ts';

/** How often containers are looked for, in milliseconds. One that ends sooner may not be seen. */
const SEARCH_EVERY = 10_000;
/** A runtime is asked this often while no container comes or goes: for each answer it looks after all of them. */
const ASK_EVERY = 30_000;
/** A container counts as restarting for this long. */
const RECENT = 3_600_000;
/** The longest list of images that is sent. */
const MOST_DESCRIBED = 100;

const namesOf = keepNames((name) => {
  const of = (field: string) => instanceField('container', name, field);
  return {
    cpu: of('cpu'),
    throttled: of('throttled'),
    periods: of('periods'),
    memory: of('mem_bytes'),
    ram: of('ram'),
    pids: of('pids'),
    read: of('read'),
    write: of('write'),
    oomKills: of('oom_kills'),
    restarts: of('restarts'),
    running: of('running'),
    healthy: of('healthy'),
  };
});

interface Container extends ContainerGroup {
  readonly name: string;
  readonly facts: ContainerFacts | undefined;
}

const SHORT_ID = 12;
const isId = (id: string) => /^[0-9a-f]{64}$/.test(id);

/** The containers with their names, each of which is another one. */
export function nameContainers(groups: readonly ContainerGroup[], { facts, pods }: Runtimes): Container[] {
  const taken = new Set<string>();
  return groups.flatMap((group): Container[] => {
    const own = facts.get(group.id);
    const pod = pods.get(group.id);
    // Of a pod's containers one does nothing but hold its network; Kubernetes keeps no log of it.
    if (pods.size > 0 && /kubepods/.test(group.path) && pod === undefined) return [];
    const short = isId(group.id) ? group.id.slice(0, SHORT_ID) : group.id;
    const wanted = own?.name ?? pod ?? short;
    const name = taken.has(wanted) ? `${wanted} ${short}` : wanted;
    taken.add(name);
    return [{ ...group, name, facts: own }];
  });
}

/** [G8] A container can use no more than all processors, with room for readings that are not exactly a second apart. */
const ROOM = 1.5;
const MOST_PERIODS = 1e6;

/** @param cores the processors of the machine, of whose time it uses a share */
export function useFields(rates: Rates, name: string, use: ContainerUse, cores: number): Fields {
  const names = namesOf(name);
  const fields: Fields = {};
  const rate = (field: string, value: number | undefined, most: number) =>
    value === undefined ? undefined : rates.perSecond(field, value, most);
  const cpu = rate(names.cpu, use.cpuUs, 1e6 * cores * ROOM);
  if (isKnown(cpu)) fields[names.cpu] = tenth(percent(cpu, 1e6 * cores));
  const periods = rate(names.periods, use.periods, MOST_PERIODS);
  const throttled = rate(names.throttled, use.throttled, MOST_PERIODS);
  if (isKnown(periods) && isKnown(throttled) && use.periods !== 0)
    fields[names.throttled] = tenth(percent(throttled, periods));
  if (use.memory !== undefined) {
    fields[names.memory] = use.memory;
    if (use.limit !== undefined) fields[names.ram] = hundredth(percent(use.memory, use.limit));
  }
  if (use.pids !== undefined) fields[names.pids] = use.pids;
  const read = rate(names.read, use.readBytes, MOST_BYTES);
  const write = rate(names.write, use.writtenBytes, MOST_BYTES);
  if (isKnown(read)) fields[names.read] = Math.round(read);
  if (isKnown(write)) fields[names.write] = Math.round(write);
  const killed = rate(names.oomKills, use.oomKills, MOST_PERIODS);
  if (isKnown(killed)) fields[names.oomKills] = hundredth(killed);
  return fields;
}

/** With more names than this, those that were not seen for so long are forgotten. */
const MOST_REMEMBERED = 1000;

/** Counts how often each container started again while the agent ran, in the last hour. */
function createRestarts(): (name: string, run: number, at: number) => number {
  const known = new Map<string, { run: number; at: number; restarted: number[] }>();
  return (name, run, at) => {
    const one = known.get(name) ?? { run, at, restarted: [] };
    if (one.run !== run) one.restarted.push(at);
    const restarted = one.restarted.filter((then) => at - then < RECENT);
    if (known.size > MOST_REMEMBERED)
      for (const [other, { at: seen }] of known) if (at - seen >= RECENT) known.delete(other);
    known.set(name, { run, at, restarted });
    return restarted.length;
  };
}

export function createContainers(
  root = '/sys/fs/cgroup',
  runtimes: Runtimes = createRuntimes(),
  cores = availableParallelism(),
): Collector {
  const rates = createRates();
  const groups = openGroups(root);
  const restartsOf = createRestarts();
  let found: readonly ContainerGroup[] = [];
  let searchedAt = -Infinity;
  /** When the runtimes were asked last, and which containers there were then. */
  let asked = { runs: '', at: -Infinity };
  /** Names of those that ran since the agent started: one that stopped is still shown, until it is removed. */
  const seen = new Map<string, string>();
  let described: Described | undefined;
  let images = '';

  const describe = (containers: readonly Container[]) => {
    const list = containers
      .flatMap(({ name, facts }) =>
        facts === undefined || facts.image === '' ? [] : [{ name: sendable(name), image: facts.image }],
      )
      .slice(0, MOST_DESCRIBED);
    const text = JSON.stringify(list);
    if (text === images) return;
    images = text;
    described = list.length === 0 ? undefined : { containers: list };
  };

  /** Those that the runtime still has, and that do not run. */
  const addStopped = (fields: Fields, containers: readonly Container[]) => {
    const running = new Set(containers.map(({ id }) => id));
    for (const [id, name] of seen) {
      const facts = runtimes.facts.get(id);
      if (facts === undefined && !running.has(id)) seen.delete(id);
      if (facts?.running === false && !running.has(id)) fields[namesOf(name).running] = 0;
    }
  };

  /** A container is measured when its runtime was asked for its name, which is waited for a few seconds at most. */
  const look = async (hierarchy: string, at: number) => {
    const present = findContainers(hierarchy);
    const runs = present.map(({ id, run }) => `${id} ${run}`).join();
    const isDue = runs !== asked.runs || at - asked.at >= ASK_EVERY;
    if (isDue && (present.length > 0 || seen.size > 0)) {
      asked = { runs, at };
      await runtimes.ask();
    }
    found = present;
  };

  return {
    collect({ at }) {
      const { hierarchy } = groups;
      if (hierarchy === undefined) return 'absent';
      if (at - searchedAt >= SEARCH_EVERY) {
        searchedAt = at;
        void look(hierarchy, at);
      }
      const containers = nameContainers(found, runtimes);
      describe(containers);
      rates.begin(at);
      const fields: Fields = {};
      for (const { name, path, id, run, facts } of containers) {
        const use = groups.useOf(path);
        // Its group is gone.
        if (use.cpuUs === undefined && use.memory === undefined) continue;
        const names = namesOf(name);
        Object.assign(fields, useFields(rates, name, use, cores));
        fields[names.restarts] = restartsOf(name, run, at);
        if (facts === undefined) continue;
        seen.set(id, name);
        if (facts.running !== undefined) fields[names.running] = 1;
        if (facts.healthy !== undefined) fields[names.healthy] = facts.healthy ? 1 : 0;
      }
      addStopped(fields, containers);
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
    described: () => described,
  };
}
