/** The history the settings ask for: InfluxDB, or the embedded store. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openInfluxHistory } from '../../influx/influx.ts';
import type { Config } from '../config/config.ts';
import { openEmbeddedHistory } from '../history/embedded/embedded.ts';
import type { History } from '../history/history.ts';
import type { Log } from '../types.ts';

export async function openHistory({ influx, data, retention }: Config, log: Log): Promise<History> {
  if (influx) return openInfluxHistory({ ...influx, retention, log });
  const dir = join(data, 'history');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return openEmbeddedHistory({ dir, retention, log });
}
