/** The README's tables of settings, made from the settings themselves. */
export type TableSetting = {
  readonly key: string;
  /** Empty where there is none: a secret. */
  readonly flag: string;
  readonly env: string;
  readonly help: string;
  // The agent's settings still name their default text `otherwise`.
} & ({ readonly defaultText: string } | { readonly otherwise: string });

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** As Markdown: the environment's name, the flag, the key in a YAML file, the default, what it is for. */
export function settingsTable(settings: readonly TableSetting[]): string {
  const rows = settings.map((setting) => {
    const { env, flag, key, help } = setting;
    const defaultText = 'defaultText' in setting ? setting.defaultText : setting.otherwise;
    return [
      `\`${env}\``,
      flag === '' ? '–' : `\`--${flag}\``,
      `\`${key}\``,
      cell(defaultText),
      cell(help),
    ].join(' | ');
  });
  return ['environment | flag | file | default | what it is', '--- | --- | --- | --- | ---', ...rows]
    .map((row) => `| ${row} |`)
    .join('\n');
}

/** `readme` with the named table put where its marks are. */
export function withTable(readme: string, name: string, table: string): string {
  const marks = new RegExp(`(<!-- settings: ${name} -->\\n)[\\s\\S]*?(<!-- /settings -->)`);
  if (!marks.test(readme)) throw new Error(`README.md has no place for the settings of the ${name}`);
  return readme.replace(marks, (_, before: string, after: string) => `${before}\n${table}\n\n${after}`);
}
