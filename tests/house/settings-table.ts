/** Makes the README's tables of settings from the settings in the code. */
export interface TableSetting {
  readonly key: string;
  /** Empty for a secret, which has no flag. */
  readonly flag: string;
  readonly env: string;
  readonly defaultText: string;
  readonly help: string;
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** A Markdown table: environment variable, flag, key in a YAML file, default, and what the setting is for. */
export function settingsTable(settings: readonly TableSetting[]): string {
  const rows = settings.map(({ env, flag, key, defaultText, help }) =>
    [`\`${env}\``, flag === '' ? '–' : `\`--${flag}\``, `\`${key}\``, cell(defaultText), cell(help)].join(
      ' | ',
    ),
  );
  return ['environment | flag | file | default | what it is', '--- | --- | --- | --- | ---', ...rows]
    .map((row) => `| ${row} |`)
    .join('\n');
}

/**
 * The text of the README with the table put between the marks of this name (`server` or `agent`).
 * @throws where the README has no such marks
 */
export function withTable(readme: string, name: string, table: string): string {
  const marks = new RegExp(`(<!-- settings: ${name} -->\\n)[\\s\\S]*?(<!-- /settings -->)`);
  if (!marks.test(readme)) throw new Error(`README.md has no place for the settings of the ${name}`);
  return readme.replace(marks, (_, before: string, after: string) => `${before}\n${table}\n\n${after}`);
}
