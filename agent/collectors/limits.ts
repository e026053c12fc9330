/** Tables of the kernel that can fill up: open files, and the connections that the firewall tracks. */
import type { Collector, Fields } from './collector.ts';
import { hundredth, percent } from './rates.ts';

const CONNTRACK = '/proc/sys/net/netfilter/nf_conntrack_';

/** `684	0	2466170` of /proc/sys/fs/file-nr → files that are open. */
export function parseOpenFiles(text: string): number | undefined {
  const open = Number.parseInt(text, 10);
  return Number.isNaN(open) ? undefined : open;
}

/** How full the table of tracked connections is. */
export function conntrackFields(count: string | undefined, most: string | undefined): Fields {
  const [entries, room] = [Number.parseInt(count ?? '', 10), Number.parseInt(most ?? '', 10)];
  if (Number.isNaN(entries) || !(room > 0)) return {};
  return { conntrack: hundredth(percent(entries, room)), conntrack_entries: entries };
}

export function createLimits(): Collector {
  return {
    collect({ read }) {
      const fields = conntrackFields(read(`${CONNTRACK}count`), read(`${CONNTRACK}max`));
      const open = parseOpenFiles(read('/proc/sys/fs/file-nr') ?? '');
      if (open !== undefined) fields['open_files'] = open;
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
  };
}
