/** The browsers that asked to be notified, and the server's key pair that their push services know (VAPID). */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { errorCode } from '#protocol/errors.ts';
import type { Collection } from '../../state/collection.ts';
import type { PushSubscriptionRecord } from '../../state/records.ts';
import type { Browsers } from './channel.ts';

/** The most browsers that one person can register; past it, the oldest is forgotten. */
const MOST_OF_A_PERSON = 20;

const keyPair = z.object({ publicKey: z.string().min(80), privateKey: z.string().min(40) });
type KeyPair = z.infer<typeof keyPair>;

const coordinates = z.object({ x: z.string(), y: z.string(), d: z.string() });

/** A new P-256 key pair in the form that push services expect: base64url, the public one as an uncompressed point. */
function newKeys(): KeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y, d } = coordinates.parse(privateKey.export({ format: 'jwk' }));
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return { publicKey: point.toString('base64url'), privateKey: d };
}

/**
 * Reads the key pair from a file, which is made where it is missing. Every browser has to register again once it is
 * lost. @throws where the file is damaged or cannot be read
 */
export async function openPushKeys(path: string): Promise<KeyPair> {
  try {
    return keyPair.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      const keys = newKeys();
      await writeFileAtomic(path, JSON.stringify(keys), { mode: 0o600 });
      return keys;
    }
    if (errorCode(error) !== '') throw error;
    const remedy =
      'delete it to have a new one made; people then allow notifications in their browsers again';
    throw new Error(`${path} is damaged: ${remedy}`, { cause: error });
  }
}

const idOf = (endpoint: string) => createHash('sha256').update(endpoint).digest('hex').slice(0, 32);

export interface BrowsersParts {
  readonly keys: KeyPair;
  /** Whom the push services may contact about this server: `https:` or `mailto:`. */
  readonly contact: string;
  readonly subscriptions: Collection<PushSubscriptionRecord>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface BrowserBook extends Browsers {
  /** Registers a person's browser, or the same browser for another person. */
  add(subscription: Pick<PushSubscriptionRecord, 'endpoint' | 'keys'>, username: string): Promise<void>;
  /** Forgets a browser of this person. */
  remove(endpoint: string, username: string): Promise<void>;
}

export function createBrowsers({ keys, contact, subscriptions, now }: BrowsersParts): BrowserBook {
  return {
    keys,
    contact,
    subscriptions: subscriptions.all,
    onGone: (endpoint) => subscriptions.drop(idOf(endpoint)),
    async add({ endpoint, keys: browserKeys }, username) {
      const own = subscriptions.all().filter((other) => other.username === username);
      const tooMany = own.slice(0, Math.max(0, own.length + 1 - MOST_OF_A_PERSON));
      for (const { id } of tooMany) subscriptions.drop(id);
      await subscriptions.put({
        id: idOf(endpoint),
        endpoint,
        keys: browserKeys,
        username,
        created_at: now(),
      });
    },
    async remove(endpoint, username) {
      const record = subscriptions.get(idOf(endpoint));
      if (record?.username === username) await subscriptions.remove(record.id);
    },
  };
}
