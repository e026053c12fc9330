/** What the commands of `watchfloor-agent` share: how they are described, and their own flags. */

export interface Command {
  /** The text of its `--help`. */
  readonly usage: string;
  /** Does it. Resolves with the exit status; undefined: it goes on running. */
  run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | undefined>;
}

/** Takes a command's own flags, which have no value, out of its arguments; the others are settings. */
export function takeFlags<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
): { readonly given: ReadonlySet<Name>; readonly rest: readonly string[] } {
  const given = new Set<Name>();
  const rest = args.filter((arg) => {
    const name = names.find((one) => arg === `--${one}`);
    if (name !== undefined) given.add(name);
    return name === undefined;
  });
  return { given, rest };
}

/** Writes to standard output, and resolves once it is written: a process that ends before may cut off a pipe. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
}
