/** The agent's control: node_exporter with comparable collectors, scraped once a second. */
import { startProcess } from '../e2e/process.ts';
import { ensureCommand } from './debian.ts';

/** Debian's name, and the author's. */
const NAMES = ['prometheus-node-exporter', 'node_exporter'];
const COLLECTORS = [
  'cpu',
  'meminfo',
  'loadavg',
  'filesystem',
  'diskstats',
  'netdev',
  'hwmon',
  'stat',
  'time',
  'vmstat',
  'pressure',
  'netstat',
  'sockstat',
  'conntrack',
  'cpufreq',
  'filefd',
];

export interface Exporter {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts it on a free port of loopback and scrapes it every second; undefined where it is not installed and may not be. */
export async function startExporter(): Promise<Exporter | undefined> {
  const file = ensureCommand(NAMES, 'prometheus-node-exporter');
  if (file === undefined) return undefined;
  const flags = ['--collector.disable-defaults', ...COLLECTORS.map((one) => `--collector.${one}`)];
  const running = await startProcess({ file, args: [...flags, '--web.listen-address=127.0.0.1:0'] });
  const [, port] = await running.line(/address=127\.0\.0\.1:(\d+)/);
  let scrapes = 0;
  // A scrape that is under way when node_exporter stops fails. `stop` rejects when no scrape succeeded.
  const failed = () => undefined;
  const timer = setInterval(() => {
    void fetch(`http://127.0.0.1:${port}/metrics`)
      .then((reply) => reply.text())
      .then((text) => {
        if (text.includes('node_cpu_seconds_total')) scrapes++;
      }, failed);
  }, 1000);
  return {
    pid: running.pid,
    async stop() {
      clearInterval(timer);
      await running.stop();
      if (scrapes === 0) throw new Error(`node_exporter was scraped in vain; it said:\n${running.output()}`);
    },
  };
}
