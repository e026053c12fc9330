/**
 * What the collectors for Windows ask the system for, by direct calls of its libraries: no process is started. Each
 * answer is the bytes as the system wrote them; the collectors' files take them apart.
 */
import { loadNativeLibrary } from '../../service/native-library.ts';
import { openDisks, type DiskCalls } from './disk-calls.ts';
import { openNetwork, type NetworkCalls } from './network-calls.ts';
import { openServices, type ServiceCalls } from './service-calls.ts';
import { openState, type StateCalls } from './state-calls.ts';
import { openSystem, type SystemCalls } from './system-calls.ts';

export interface Win32 extends DiskCalls, NetworkCalls, ServiceCalls, StateCalls, SystemCalls {}

/** Opens the system's libraries. @throws an error where they, or the means to call them, are not there */
export async function openWin32(): Promise<Win32> {
  const koffi = await loadNativeLibrary();
  return {
    ...openSystem(koffi),
    ...openDisks(koffi),
    ...openNetwork(koffi),
    ...openServices(koffi),
    ...openState(koffi),
  };
}
