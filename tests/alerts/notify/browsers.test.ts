import { createECDH } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createBrowsers, openPushKeys } from '../../../server/alerts/notify/browsers.ts';
import type { PushSubscriptionRecord } from '../../../server/state/records.ts';
import { ownFolder } from '../../state/folder.ts';
import { memoryCollection } from '../../state/memory-collection.ts';

describe('browsers that want to be notified', () => {
  it('[G5] the key pair is made once, kept in a file of mode 0600, and its halves belong together', async () => {
    const path = join(ownFolder(), 'push-keys.json');
    const keys = await openPushKeys(path);
    expect(await openPushKeys(path)).toEqual(keys);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(keys.privateKey, 'base64url');
    expect(pair.getPublicKey('base64url')).toBe(keys.publicKey);
  });

  it.each(['', '{', '{"publicKey":"x"}'])('a damaged key file %j is told with what to do', async (text) => {
    const path = join(ownFolder(), 'push-keys.json');
    writeFileSync(path, text);
    await expect(openPushKeys(path)).rejects.toThrow(/is damaged: delete it/);
  });

  it('[I8] one person can register twenty browsers; the oldest is forgotten for another', async () => {
    const subscriptions = memoryCollection<PushSubscriptionRecord>();
    const keys = { publicKey: 'public', privateKey: 'private' };
    const browsers = createBrowsers({ keys, contact: 'https://localhost/', subscriptions, now: () => 0 });
    const add = (n: number, username: string) =>
      browsers.add({ endpoint: `https://push.example/${n}`, keys: { p256dh: 'p', auth: 'a' } }, username);
    await add(100, 'grace');
    for (let n = 0; n < 23; n++) await add(n, 'ada');
    const endpoints = browsers.subscriptions().map(({ endpoint }) => endpoint);
    expect(endpoints).toHaveLength(21);
    expect(endpoints).toContain('https://push.example/100');
    expect(endpoints).not.toContain('https://push.example/2');
    expect(endpoints).toContain('https://push.example/3');
    await browsers.remove('https://push.example/100', 'ada');
    expect(browsers.subscriptions()).toHaveLength(21);
    await browsers.remove('https://push.example/100', 'grace');
    expect(browsers.subscriptions()).toHaveLength(20);
    browsers.onGone('https://push.example/5');
    expect(browsers.subscriptions()).toHaveLength(19);
  });
});
