/** A clock and timers that a test moves by hand, for code that takes both as parameters. */
export class FakeTime {
  #now = 1_700_000_000_000;
  #jobs: { at: number; job: () => void }[] = [];

  readonly now = () => this.#now;

  get pending(): number {
    return this.#jobs.length;
  }

  readonly after = (ms: number, job: () => void) => {
    const entry = { at: this.#now + ms, job };
    this.#jobs.push(entry);
    return () => {
      this.#jobs = this.#jobs.filter((other) => other !== entry);
    };
  };

  /** Moves the clock on by `ms` milliseconds and runs each timer when its time comes. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#jobs.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#jobs = this.#jobs.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.job();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** The machine sleeps for `ms` milliseconds: the clock goes on, but no timer runs until `pass`. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  /** The clock is set, by a person or by NTP: it jumps `by` milliseconds, and no timer runs. */
  set(by: number): void {
    this.#now += by;
  }
}
