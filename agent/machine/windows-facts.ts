/**
 * What a Windows is made of, from its registry: systeminformation would start PowerShell several times for the same, which
 * takes seconds of a processor, and is forbidden on some machines.
 */
import { availableParallelism, machine, release, version } from 'node:os';
import type { StateCalls } from '../collectors/windows/state-calls.ts';
import type { Facts } from './inventory.ts';

const SYSTEM = 'SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';
const PROCESSOR = 'HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0';
const BOARD = 'HARDWARE\\DESCRIPTION\\System\\BIOS';

/** What hosts of virtual machines call the machines that they pretend. */
const VIRTUAL = /vmware|virtual|qemu|kvm|xen\b|innotek|bochs|google compute engine|amazon ec2|parallels/i;

/** SYSTEM_LOGICAL_PROCESSOR_INFORMATION: a list of what logical processors have in common. */
const [ENTRY_BYTES, KIND, CORE] = [32, 8, 0] as const;

/** SYSTEM_LOGICAL_PROCESSOR_INFORMATION → how many cores there are. */
export function countCores(list: Buffer): number {
  let count = 0;
  for (let at = 0; at + ENTRY_BYTES <= list.length; at += ENTRY_BYTES)
    if (list.readUInt32LE(at + KIND) === CORE) count++;
  return count;
}

/** What Node tells of this system. */
export interface NodeFacts {
  /** `Windows 11 Pro` */
  readonly name: string;
  /** `10.0.22631` */
  readonly kernel: string;
  readonly arch: string;
  readonly threads: number;
}

const fromNode = (): NodeFacts => ({
  ...{ name: version(), kernel: release(), arch: machine(), threads: availableParallelism() },
});

type Registry = Pick<StateCalls, 'registryText' | 'registryNumber'>;

/** `23H2 (build 22631.2861)`, or the build alone. */
function releaseOf({ registryText, registryNumber }: Registry): string {
  const build = registryText(SYSTEM, 'CurrentBuild') ?? '';
  const revision = registryNumber(SYSTEM, 'UBR');
  const whole = revision === undefined ? build : `${build}.${revision}`;
  const shown = registryText(SYSTEM, 'DisplayVersion') ?? registryText(SYSTEM, 'ReleaseId');
  return shown === undefined ? whole && `build ${whole}` : `${shown} (build ${whole})`;
}

/** @param cores SYSTEM_LOGICAL_PROCESSOR_INFORMATION; undefined where the system does not tell */
export function windowsFacts(
  registry: Registry,
  cores: Buffer | undefined,
  { name, kernel, arch, threads }: NodeFacts = fromNode(),
): Facts {
  const text = (key: string, value: string) => registry.registryText(key, value)?.trim() ?? '';
  const [manufacturer, model] = [text(BOARD, 'SystemManufacturer'), text(BOARD, 'SystemProductName')];
  return {
    os: { distro: name.replace(/^Microsoft /, ''), release: releaseOf(registry), kernel, arch },
    cpu: {
      manufacturer: '',
      brand: text(PROCESSOR, 'ProcessorNameString').replace(/\s+/g, ' '),
      physicalCores: cores === undefined ? 0 : countCores(cores),
      cores: threads,
    },
    system: { manufacturer, model, virtual: VIRTUAL.test(`${manufacturer} ${model}`) },
  };
}
