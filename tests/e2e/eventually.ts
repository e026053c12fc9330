/** Waiting for what only the outside of the product shows: asked again until it is so, within a deadline. */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * The first answer that is not undefined or false. An error counts as "not yet".
 * @throws the last error, or that `what` did not happen, after `withinMs`
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
