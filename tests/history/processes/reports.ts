/** Made-up reports on processes. */
import { processReport, type ProcessReport } from '#protocol/processes.ts';

/** A minute that ends at `at`, epoch milliseconds. */
export function reportAt(at: number, rows: readonly object[] = [], parts: object = {}): ProcessReport {
  return processReport.parse({ at, period_s: 60, cpu: 50, total: 100, rows, ...parts });
}

export const row = (name: string, cpu: number, parts: object = {}) => ({
  name,
  cpu,
  cpu_peak: cpu,
  pid: 7,
  ...parts,
});
