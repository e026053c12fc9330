/**
 * Device ids and field names as InfluxDB takes them. Line protocol cannot write some characters (a backslash
 * at the end, a line break), a delete predicate cannot write a quote, InfluxDB drops a field called `time`,
 * and names with a leading underscore are its own. These are percent-encoded; all other names stay readable.
 */
// eslint-disable-next-line no-control-regex -- control characters are what must be encoded
const UNSAFE = /[%\\"\u0000-\u001f\u007f]/g;

const encode = (char: string): string => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;

/** The name as it is written to InfluxDB. */
export function influxName(name: string): string {
  const encoded = name.replaceAll(UNSAFE, encode);
  const isReserved = encoded === 'time' || encoded.startsWith('_');
  return isReserved ? encode(encoded.charAt(0)) + encoded.slice(1) : encoded;
}

/** The name that `influxName` was given. */
export function originalName(name: string): string {
  return name.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
