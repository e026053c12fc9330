/** [S5] Limits what strangers fetch: requests of a network per minute, and files that are sent at once. */
import { createLimit } from '../auth/limit.ts';
import { ApiError } from '#protocol/errors.ts';
import type { OpenFile } from '../http/request.ts';
import type { PackageFolder } from './package-folder.ts';

const REQUESTS_PER_NETWORK = 120;
const AT_ONCE = 48;
const AT_ONCE_PER_NETWORK = 12;
const TOO_MANY = 'Too much was fetched from this network within a minute. Wait, then try again.';

export interface Downloads {
  /** Counts a request. Rejects with ApiError too_many_attempts. */
  count(address: string): Promise<void>;
  /** Opens a package to be sent; it counts until it is closed. Rejects with ApiError overloaded. */
  open(
    name: string,
    address: string,
  ): Promise<{ readonly file: OpenFile; readonly bytes: number } | undefined>;
}

export interface DownloadsParts {
  readonly folder: Pick<PackageFolder, 'open'>;
  readonly networkOf: (address: string) => string;
}

export function createDownloads({ folder, networkOf }: DownloadsParts): Downloads {
  const requests = createLimit(REQUESTS_PER_NETWORK, TOO_MANY);
  /** Files that are being sent, by network. */
  const open = new Map<string, number>();
  let total = 0;

  function take(network: string): void {
    const own = open.get(network) ?? 0;
    if (total >= AT_ONCE || own >= AT_ONCE_PER_NETWORK)
      throw new ApiError('overloaded', {
        retryAfterS: 10,
        message: 'As many packages are being sent as the server sends at once. Try again shortly.',
      });
    total++;
    open.set(network, own + 1);
  }

  function giveBack(network: string): void {
    total--;
    const left = (open.get(network) ?? 1) - 1;
    if (left === 0) open.delete(network);
    else open.set(network, left);
  }

  return {
    count: (address) => requests.count(networkOf(address)),
    async open(name, address) {
      const network = networkOf(address);
      take(network);
      try {
        const opened = await folder.open(name);
        if (opened === undefined) {
          giveBack(network);
          return undefined;
        }
        const { file, bytes } = opened;
        const close = () => file.close().finally(() => giveBack(network));
        return {
          bytes,
          file: {
            close,
            read: (into, offset, length, position) => file.read(into, offset, length, position),
          },
        };
      } catch (error) {
        giveBack(network);
        throw error;
      }
    },
  };
}
