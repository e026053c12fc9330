/** What a test opened, closed in reverse order, even when opening the next thing failed. */
export class Opened {
  private readonly closers: (() => unknown)[] = [];

  keep<T>(thing: T, close: (thing: T) => unknown): T {
    this.closers.push(() => close(thing));
    return thing;
  }

  /** Closes all, then throws the first error of any. */
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

/** For things that close themselves. */
export const closing = (thing: { close(): unknown }) => thing.close();
export const disposing = (thing: { dispose(): unknown }) => thing.dispose();
