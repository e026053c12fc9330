/** Remembers what a test opened and closes it in reverse order, even where opening the next thing failed. */
export class Opened {
  private readonly closers: (() => unknown)[] = [];

  /** Remembers how to close `thing`, and returns it. */
  keep<T>(thing: T, close: (thing: T) => unknown): T {
    this.closers.push(() => close(thing));
    return thing;
  }

  /** Closes everything, then throws the first error that came. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** The second argument of `keep` for things with a `close` or a `dispose` method. */
export const closing = (thing: { close(): unknown }) => thing.close();
export const disposing = (thing: { dispose(): unknown }) => thing.dispose();
