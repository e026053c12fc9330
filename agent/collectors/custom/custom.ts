/** Numbers that others measure on this machine: files of metrics, endpoints that are scraped, and lines that are sent. */
import type { CollectorEntry } from '../collector.ts';
import { kindOf } from './field-names.ts';
import { createFolders } from './folders.ts';
import type { Address } from './line-input.ts';
import { createScrape, type Target } from './scrape.ts';
import { createStatsd, STATSD } from './statsd.ts';

/** Where the numbers come from, as the settings have it. */
export interface CustomSources {
  /** Folders of `*.prom` files; undefined: the usual one, which need not be there. */
  readonly folders: readonly string[] | undefined;
  readonly freshMs: number;
  readonly targets: readonly Target[];
  readonly scrapeEveryMs: number;
  /** Where lines are taken; empty: nowhere. */
  readonly statsd: readonly Address[];
}

/** The usual folder. The package makes it, and root alone may write to it until an administrator changes that. */
export const USUAL_FOLDER = '/var/lib/watchfloor-metrics';

/** Milliseconds between two looks into the folders. */
const FOLDERS_EVERY = 5000;

/** One collector for each source, so that each has its own pace, cost and failures. */
export function customCollectors(
  sources: CustomSources,
  platform: NodeJS.Platform,
): readonly CollectorEntry[] {
  const { folders, freshMs, targets, scrapeEveryMs, statsd } = sources;
  const isUsual = folders === undefined;
  const named = folders ?? (platform === 'linux' ? [USUAL_FOLDER] : []);
  const taken = new Set([...targets.map(({ name }) => kindOf(name)), ...(statsd.length > 0 ? [STATSD] : [])]);
  return [
    ...(named.length === 0
      ? []
      : [
          {
            name: 'metrics-files',
            every: FOLDERS_EVERY,
            create: () => createFolders({ folders: named, isAsked: !isUsual, taken, freshMs, now: Date.now }),
          },
        ]),
    ...targets.map((target) => ({
      name: `scrape-${target.name}`,
      every: scrapeEveryMs,
      create: () => createScrape(target, Date.now),
    })),
    ...(statsd.length === 0 ? [] : [{ name: STATSD, create: () => createStatsd(statsd) }]),
  ];
}
