/** A server that hands out packages to one machine, and what becomes of them, for the commands beside this file. */
import { devicesReply } from '#protocol/api.ts';
import { packagesReply, upgradesReply, type UpgradeView } from '#protocol/packages.ts';
import { sealFolder } from '../../deploy/packages/build.ts';
import { eventually } from '../e2e/eventually.ts';
import type { startServer } from '../e2e/product.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

export interface HandingOut {
  /** What the server says of the upgrades of its first machine. */
  view(): Promise<UpgradeView | undefined>;
  /** Signs all in the folder with the key, and waits until the server hands out this version. */
  handOut(version: string, key: string): Promise<void>;
  /** Waits until the server knows how an upgrade to the version went, and says it. */
  outcome(version: string, state: 'failed' | 'none'): Promise<void>;
}

/** `packages`: the folder that the server hands out. */
export function handingOut({ admin }: Pick<Server, 'admin'>, packages: string): HandingOut {
  const view = async () => (await admin.ask('GET', '/upgrades')).as(upgradesReply).machines[0];
  return {
    view,
    async handOut(version, key) {
      sealFolder(packages, key);
      await eventually(`${version} was handed out`, async () => {
        const reply = (await admin.ask('GET', '/packages')).as(packagesReply);
        return reply.packages.some((one) => one.version === version && one.state === 'ready');
      });
    },
    async outcome(version, state) {
      const began = Date.now();
      const isOver = async () => {
        const found = await view();
        return state === 'failed'
          ? found?.state === 'failed' && found.to === version
          : found?.version === version;
      };
      await eventually(`the upgrade to ${version} was over`, isOver, 240_000);
      const seconds = Math.round((Date.now() - began) / 1000);
      console.log(`== after ${seconds} s: ${JSON.stringify(await view())}`);
      const { devices } = (await admin.ask('GET', '/devices')).as(devicesReply);
      console.log(`${devices.length} machine, ${devices[0]?.status}`);
    },
  };
}
