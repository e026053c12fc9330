import { expect, test } from 'vitest';
import { createLoginLimits } from '../../server/auth/login-limits.ts';
import { networkOf } from '../../server/http/address.ts';

const stage = (sessions: readonly { username: string; address: string }[] = []) =>
  createLoginLimits({ sessions: () => sessions, networkOf });
const REFUSED = { code: 'too_many_attempts', status: 429 };

/** Counts attempts until one is refused. */
async function attemptsUntilRefused(attempt: (i: number) => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 1000; i++) {
    const result = await attempt(i).then(
      () => 'counted',
      (error: unknown) => error,
    );
    if (result === 'counted') continue;
    expect(result).toMatchObject(REFUSED);
    return i;
  }
  return 1000;
}

test('[S2] sign-in attempts are limited per account and address together', async () => {
  const limits = stage();
  expect(await attemptsUntilRefused(() => limits.attempt('ann', '1.1.1.1'))).toBe(5);
  await expect(limits.attempt('ann', '2.2.2.2')).resolves.toEqual({ known: false, network: '2.2.2.2' });
  await expect(limits.attempt('bob', '1.1.1.1')).resolves.toBeDefined();
});

test.each<[string, (i: number) => string, number]>([
  ['40 addresses of one IPv6 /64', (i) => `2001:db8:1:2::${(i % 40) + 1}`, 5],
  ['random interface ids of one /64', (i) => `2001:db8:1:2:${i}:1:2:3`, 5],
  ['an address written as IPv4 and as IPv6', (i) => (i % 2 ? '::ffff:1.2.3.4' : '1.2.3.4'), 5],
  ['the networks of one IPv6 /48', (i) => `2001:db8:1:${i.toString(16)}::1`, 120],
])('[S5] wrong passwords for one account from %s are limited', async (_, addressOf, limit) => {
  const limits = stage();
  expect(await attemptsUntilRefused((i) => limits.attempt('ann', addressOf(i)))).toBe(limit);
});

test('[S2] sign-in attempts over many accounts are limited per network', async () => {
  const limits = stage();
  const attempt = (i: number) => limits.attempt(`user ${i}`, `2001:db8:1:2::${i + 1}`);
  expect(await attemptsUntilRefused(attempt)).toBe(30);
});

test('[S5] guesses from many addresses do not lock out the owner, at a known or an unknown place', async () => {
  const limits = stage([{ username: 'ann', address: '2001:db8:1:7::1' }]);
  for (let i = 0; i < 500; i++) await limits.attempt('ann', `10.0.${i >> 8}.${i & 255}`);
  await attemptsUntilRefused((i) => limits.attempt(`user ${i}`, '2001:db8:1:7::bad'));
  await attemptsUntilRefused((i) => limits.attempt(`user ${i}`, `2001:db8:1:${i.toString(16)}::1`));
  expect(await limits.attempt('ann', '2001:db8:1:7::2')).toMatchObject({ known: true });
  expect(await limits.attempt('ann', '192.0.2.1')).toMatchObject({ known: false });
});

test('[S5] a place is known after a sign-in there, also when its session has ended', async () => {
  const limits = stage();
  expect(await limits.attempt('ann', '1.1.1.1')).toMatchObject({ known: false });
  await limits.succeeded('ann', '1.1.1.1');
  expect(await limits.attempt('ann', '1.1.1.1')).toMatchObject({ known: true });
  expect(await limits.attempt('bob', '1.1.1.1')).toMatchObject({ known: false });
});

test('[S5] an account signs in at most 30 times a minute from one network, even with the right password', async () => {
  const limits = stage();
  const signIn = async () => {
    await limits.attempt('wall', '1.1.1.1');
    await limits.succeeded('wall', '1.1.1.1');
  };
  expect(await attemptsUntilRefused(signIn)).toBe(30);
});
