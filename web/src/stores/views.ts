/** How many views show one store, counted once for every store that views share. */

/**
 * The store follows its room from the first view on and stops `lingerMs` after the last view left. A view that
 * follows within that time finds the store as it was.
 */
export class Views {
  readonly #start: () => () => void;
  readonly #lingerMs: number;
  #count = 0;
  #stop: (() => void) | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;

  /** `start` makes the store follow its room and returns its stop. */
  constructor({ start, lingerMs }: { start: () => () => void; lingerMs: number }) {
    this.#start = start;
    this.#lingerMs = lingerMs;
  }

  /** One view more, until the returned function is called; a second call of it does nothing. */
  add(): () => void {
    this.#count++;
    clearTimeout(this.#linger);
    this.#stop ??= this.#start();
    let there = true;
    return () => {
      if (!there) return;
      there = false;
      this.#count--;
      if (this.#count === 0) this.#linger = setTimeout(() => this.stop(), this.#lingerMs);
    };
  }

  /** Stops following at once, whoever is there; the next view starts it again. */
  stop(): void {
    clearTimeout(this.#linger);
    this.#stop?.();
    this.#stop = undefined;
  }
}
