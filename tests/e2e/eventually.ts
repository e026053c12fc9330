/**
 * Waits for what can only be seen from outside of the product, by asking again and again until a deadline.
 */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks every 50 ms and resolves with the first answer that is not undefined or false. An error counts as "not
 * yet".
 * @param what a sentence in the past tense, for the error text: `the agent pushed`
 * @throws after `withinMs` milliseconds, that `what` did not happen, with the last error as cause
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await pause(50);
  } while (Date.now() < deadline);
  throw new Error(`within ${withinMs / 1000} s it did not happen that ${what}`, { cause: last });
}
