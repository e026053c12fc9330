/** Something a person asked for: under way, done, or refused with a reason. */
import { errorMessage, fieldErrors } from '../api/request.ts';

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

export class Task {
  busy: boolean = $state(false);
  /** What was wrong, for a person; undefined once it worked. */
  problem: string | undefined = $state();
  /** What was wrong with single fields: path (`condition.clear`) → message. */
  fields: ReadonlyMap<string, string> = $state.raw(NO_FIELDS);
  /** The error as it was thrown, for those who must tell one from another. */
  error: unknown = $state.raw();

  /** Runs `job`, one at a time. Resolves with whether it worked; never rejects. */
  async run(job: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    try {
      await job();
      this.reset();
      return true;
    } catch (error) {
      this.error = error;
      this.problem = errorMessage(error);
      this.fields = fieldErrors(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Forgets what went wrong. */
  reset(): void {
    this.error = undefined;
    this.problem = undefined;
    this.fields = NO_FIELDS;
  }
}
