/** The agent as it is packaged, for benchmarks: its executable for this machine, built from this tree. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { LEAN_ENVIRONMENT } from '../../agent/service/itself.ts';
import { writeBundle } from '../../deploy/packages/bundle.ts';
import { writeExecutable } from '../../deploy/packages/executable.ts';
import { TARGETS } from '../../deploy/packages/targets.ts';
import { startProcess, type Running } from '../e2e/process.ts';

const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'runtimes');

export interface PackagedAgent {
  /**
   * Starts it with a data folder of its own, in the environment of its service.
   * @param through a command that ends in the one that it is given, such as `unshare`
   */
  start(enrollment: string, through?: readonly string[]): Promise<Running>;
  /** Removes the executable and the data folders. */
  dispose(): void;
}

/** Builds it; this takes about ten seconds. @throws an error that says what is missing */
export async function buildPackagedAgent(): Promise<PackagedAgent> {
  const target = TARGETS.find(({ name }) => name === `linux-${process.arch}`);
  if (target === undefined) throw new Error(`the agent is not packaged for Linux on ${process.arch}`);
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-agent-'));
  const bundle = join(folder, 'agent.cjs');
  const file = join(folder, 'watchfloor-agent');
  mkdirSync(CACHE, { recursive: true });
  await writeBundle(bundle, { version: WATCHFLOOR_VERSION, releaseKey: '' });
  writeExecutable(target, { bundle, scratch: folder, cache: CACHE, file });
  return {
    start(enrollment, through = []) {
      const env = {
        ...LEAN_ENVIRONMENT,
        WATCHFLOOR_ENROLL: enrollment,
        WATCHFLOOR_AGENT_DATA: mkdtempSync(join(folder, 'data-')),
      };
      const [first = file, ...args] = [...through, file];
      return startProcess({ file: first, args, env });
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
