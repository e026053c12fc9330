/** Wrong passwords from many addresses at once, while the owner signs in. */
import { PASSWORD } from '../../e2e/product.ts';
import { Tally, type Attack, type Target } from './attack.ts';
import { ask } from './dial.ts';

const ADDRESSES = 40;

function signIn(target: Target, from: string, username: string, password: string): Promise<number> {
  const body = Buffer.from(JSON.stringify({ username, password }));
  return ask(target, ['POST /auth/login HTTP/1.1', 'Content-Type: application/json'], body, from);
}

export const signIns: Attack = {
  name: 'sign-ins',
  what: `wrong passwords from ${ADDRESSES} addresses at once; the owner signs in from new addresses meanwhile`,
  async run(target) {
    const tally = new Tally();
    async function guess(index: number): Promise<void> {
      for (let i = 0; !target.over(); i++) {
        const from = `127.1.${index + 1}.${(i % 250) + 1}`;
        tally.add(`guess answered ${await signIn(target, from, `user${index}`, 'a wrong password')}`);
      }
    }
    async function own(): Promise<void> {
      for (let i = 1; !target.over(); i++) {
        tally.add(`owner answered ${await signIn(target, `127.2.0.${i}`, 'admin', PASSWORD)}`);
      }
    }
    await Promise.all([own(), ...Array.from({ length: ADDRESSES }, (_, index) => guess(index))]);
    return tally.counts();
  },
};
