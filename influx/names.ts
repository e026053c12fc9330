/**
 * Device ids and field names as InfluxDB takes them. Line protocol has no way to write some characters (a
 * backslash at the end, a line break), a delete predicate none for a quote, and a field called `time` is
 * dropped: these are percent-encoded, everything else stays readable.
 */
// eslint-disable-next-line no-control-regex -- just these must not appear
const UNSAFE = /[%\\"\u0000-\u001f\u007f]/g;

const encode = (char: string): string => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;

export function influxName(name: string): string {
  const safe = name.replaceAll(UNSAFE, encode);
  return safe === 'time' || safe.startsWith('_') ? encode(safe.charAt(0)) + safe.slice(1) : safe;
}

export function originalName(name: string): string {
  return name.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
