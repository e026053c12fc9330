/** One thing at a time that a person asked the server for: under way, done, or failed with a reason. */
import { errorMessage, fieldErrors } from '../api/request.ts';

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

export class Task {
  busy: boolean = $state(false);
  /** Why the last attempt failed, for a person; undefined after one that worked. */
  problem: string | undefined = $state();
  /** What is wrong with single fields of a form: path (`condition.clear`) → message. */
  fields: ReadonlyMap<string, string> = $state.raw(NO_FIELDS);
  /** The error itself, for components that treat some errors in their own way. */
  error: unknown = $state.raw();

  /** Runs `job`, unless another is under way. Resolves with whether it worked; never rejects. */
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
