/** The command to paste on the machine that is added. */

/** A machine's name → the name of a folder: lower case, only characters that no shell needs quoted. */
export function folderName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return plain === '' ? '2' : plain;
}

const quoted = (text: string) =>
  /^[A-Za-z0-9._-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** `command` for a further agent on a machine that has one: with a data folder and a name of its own. */
export function besideAnother(command: string, name: string): string {
  const own = name.trim() === '' ? 'second' : name.trim();
  return `WATCHFLOOR_AGENT_DATA=./agent-${folderName(own)} WATCHFLOOR_NAME=${quoted(own)} ${command}`;
}
