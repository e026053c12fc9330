/** Memory and swap of macOS, as its Activity Monitor counts them. */
import { totalmem } from 'node:os';
import { wide } from '../bytes.ts';
import type { Collector, Fields } from '../collector.ts';
import { addRates, createRates, hundredth, percent } from '../rates.ts';
import type { MacOs } from './macos.ts';

/** Places in `vm_statistics64` of <mach/vm_statistics.h>; all are counted in pages. */
const AT = {
  ...{ wired: 12, pageIns: 32, purgeable: 88, swapIns: 112, swapOuts: 120 },
  ...{ compressor: 128, files: 140 - 4, programs: 140 },
} as const;

/**
 * What programs have, what the kernel needs, and what is compressed, is used; files in memory, and what programs said
 * may be dropped, are given back when somebody needs memory.
 */
export function memoryFields(vm: Buffer, page: number, total: number): Fields {
  const pages = (place: number) => vm.readUInt32LE(place) * page;
  const used = pages(AT.programs) - pages(AT.purgeable) + pages(AT.wired) + pages(AT.compressor);
  if (!(used > 0) || used > total) return {};
  return {
    ram: hundredth(percent(used, total)),
    mem_used_bytes: used,
    mem_available_bytes: total - used,
    mem_cached_bytes: pages(AT.files) + pages(AT.purgeable),
    mem_total_bytes: total,
  };
}

/** `vm_statistics64` → by field: bytes or events since boot. */
export function pagingCounters(vm: Buffer, page: number): Record<string, number> {
  return {
    swap_in: wide(vm, AT.swapIns) * page,
    swap_out: wide(vm, AT.swapOuts) * page,
    major_faults: wide(vm, AT.pageIns),
  };
}

/** `xsw_usage` of <sys/sysctl.h> → fields; none while there is no swap file. */
export function swapFields(usage: Buffer | undefined): Fields {
  if (usage === undefined || usage.length < 24) return {};
  const [total, used] = [wide(usage, 0), wide(usage, 16)];
  if (!(total > 0) || used > total) return {};
  return { swap: hundredth(percent(used, total)), swap_used_bytes: used, swap_total_bytes: total };
}

export function createMemory({ vmStatistics, sysctl }: MacOs, total = totalmem()): Collector {
  const rates = createRates();
  const page = sysctl('hw.pagesize')?.readUInt32LE(0) ?? 0;
  return {
    collect({ at }) {
      const vm = vmStatistics();
      if (vm === undefined || page === 0) return 'absent';
      const fields = { ...memoryFields(vm, page, total), ...swapFields(sysctl('vm.swapusage')) };
      rates.begin(at);
      addRates(fields, rates, pagingCounters(vm, page));
      return fields;
    },
  };
}
