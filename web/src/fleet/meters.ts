/** The percentages that a machine has a meter for, wherever the fleet is shown. */
export const METERS = [
  { field: 'cpu', token: '--chart-cpu', label: 'CPU' },
  { field: 'ram', token: '--chart-memory', label: 'Memory' },
  { field: 'disk', token: '--chart-disk', label: 'Disk' },
] as const;
