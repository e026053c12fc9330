/**
 * What `make` makes of parts, made anew only where one of them is another object: whoever compares what was made sees at
 * once whether anything in it has changed.
 */
export function onChange<Part, Made>(
  make: (parts: readonly Part[]) => Made,
): (parts: readonly Part[]) => Made {
  let last: { readonly parts: readonly Part[]; readonly made: Made } | undefined;
  return (parts) => {
    const isSame =
      last?.parts.length === parts.length && last.parts.every((one, place) => one === parts[place]);
    if (last === undefined || !isSame) last = { parts, made: make(parts) };
    return last.made;
  };
}
