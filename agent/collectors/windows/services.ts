/**
 * Services of Windows that should run and ended with an error, and services that were started again: what units are to
 * systemd. Windows does not tell who started a service again, so a restart by an administrator counts, too.
 */
import type { Collector } from '../collector.ts';
import { rememberTroubles } from '../unit-troubles.ts';
import { textAt } from '../bytes.ts';
import type { ServiceList } from './service-calls.ts';
import type { Win32 } from './win32.ts';

const SERVICE_BYTES = 56;
const AT = { name: 0, type: 16, state: 20, exitCode: 28, pid: 44 } as const;
const STATE = { stopped: 1, running: 4 } as const;
/** It was not started since the system was. */
const NEVER_STARTED = 1077;
/** Bit of the services that each login has under another name. */
const OF_A_LOGIN = 0x80;
/** In the registry: started with the system. */
const AUTOMATIC = 2;

export interface Service {
  readonly name: string;
  readonly state: number;
  /** An error of Windows; 0: none. */
  readonly exitCode: number;
  /** 0 while it does not run. */
  readonly pid: number;
}

/** ENUM_SERVICE_STATUS_PROCESS of each service, without those of logins. */
export function parseServices({ bytes, address, count }: ServiceList): Service[] {
  const found: Service[] = [];
  for (let index = 0; index < count && (index + 1) * SERVICE_BYTES <= bytes.length; index++) {
    const start = index * SERVICE_BYTES;
    const number = (place: number) => bytes.readUInt32LE(start + place);
    if ((number(AT.type) & OF_A_LOGIN) !== 0) continue;
    const name = textAt(bytes, address, bytes.readBigUInt64LE(start + AT.name));
    if (name === '') continue;
    found.push({ name, state: number(AT.state), exitCode: number(AT.exitCode), pid: number(AT.pid) });
  }
  return found;
}

/** Whether it ended with an error. */
const hasFailed = ({ state, exitCode }: Service) =>
  state === STATE.stopped && exitCode !== 0 && exitCode !== NEVER_STARTED;

export function createServices({
  services,
  registryNumber,
}: Pick<Win32, 'services' | 'registryNumber'>): Collector {
  const troubles = rememberTroubles();
  /** The process that each service had when it ran last. */
  let ran = new Map<string, number>();
  const isAutomatic = (name: string) =>
    registryNumber(`SYSTEM\\CurrentControlSet\\Services\\${name}`, 'Start') === AUTOMATIC;

  return {
    async collect({ at }) {
      const all = (await services()).flatMap(parseServices);
      if (all.length === 0) return 'absent';
      const before = ran;
      ran = new Map();
      for (const { name, state, pid } of all) {
        const earlier = before.get(name);
        const isRunning = state === STATE.running && pid !== 0;
        if (isRunning && earlier !== undefined && earlier !== pid) troubles.restarted(name, at);
        const known = isRunning ? pid : earlier;
        if (known !== undefined) ran.set(name, known);
      }
      // One that somebody starts by hand is missed as well, once it was seen to run.
      const failed = all.filter((one) => hasFailed(one) && (ran.has(one.name) || isAutomatic(one.name)));
      return troubles.fields(
        at,
        failed.map(({ name }) => name),
      );
    },
  };
}
