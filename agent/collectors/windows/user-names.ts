/** Names of Windows' users by SID. A domain may take long to tell one, so they are asked beside the sampling, one at a time. */

/** These never change, and nobody has to be asked. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  'S-1-5-18': 'SYSTEM',
  'S-1-5-19': 'LOCAL SERVICE',
  'S-1-5-20': 'NETWORK SERVICE',
};
/** So many names are known; past it they are asked anew. */
const MOST_KNOWN = 500;
const NAME_CHARS = 64;

/** SID → `S-1-5-21-…`, as Windows writes it. */
export function sidText(sid: Buffer): string {
  const count = Math.min(sid.readUInt8(1), Math.floor((sid.length - 8) / 4));
  const parts = Array.from({ length: count }, (_, index) => sid.readUInt32LE(8 + index * 4));
  return ['S', sid.readUInt8(0), sid.readUIntBE(2, 6), ...parts].join('-');
}

/** The name of a user; undefined until it is known. One that nobody knows is called by its SID. */
export function watchUserNames(
  nameOf: (sid: Buffer) => Promise<string | undefined>,
): (sid: Buffer) => string | undefined {
  const known = new Map(Object.entries(WELL_KNOWN));
  const wanted = new Map<string, Buffer>();
  let isAsking = false;

  async function askAll(): Promise<void> {
    for (const [text, sid] of wanted) {
      // The SID stands for a name that cannot be had.
      const name = await nameOf(sid).catch(() => undefined);
      wanted.delete(text);
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(text, (name ?? text).slice(0, NAME_CHARS));
    }
    isAsking = false;
  }

  return (sid) => {
    const text = sidText(sid);
    const name = known.get(text) ?? WELL_KNOWN[text];
    if (name !== undefined) return name;
    if (wanted.size < MOST_KNOWN) wanted.set(text, sid);
    if (!isAsking) {
      isAsking = true;
      void askAll();
    }
    return undefined;
  };
}
