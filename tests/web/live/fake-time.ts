/** Time that passes by hand: a clock and timers for what takes both as parameters. */
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

  /** Runs what is due in the next `ms`, each at its time. */
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

  /** The machine sleeps: the clock goes on, no timer runs until it wakes. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  /** The clock is set, by a person or by NTP. */
  set(by: number): void {
    this.#now += by;
  }
}
