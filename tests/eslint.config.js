import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

const house = {
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
  'no-empty': ['error', { allowEmptyCatch: false }],
  'no-console': 'error',
  '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
  eqeqeq: 'error',
};

export default ts.config(
  { ignores: ['web/build/', 'web/.svelte-kit/', 'node_modules/', 'data/', 'agent-data/', '.cache/'] },
  js.configs.recommended,
  ts.configs.recommended,
  svelte.configs.recommended,
  { rules: house },
  {
    files: ['**/*.ts', '**/*.js'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['server/**/*.ts', 'agent/**/*.ts', 'influx/**/*.ts', 'tests/**/*.ts'],
    ignores: ['tests/web/**', 'tests/bench/web/pages/**'],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname + '/..' },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['{web,tests/bench/web/pages}/**/*.{svelte,svelte.ts,ts}'],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'] },
    },
  },
  {
    // What talks to a terminal.
    files: [
      ...['tests/**/*.ts', 'agent/command.ts', 'deploy/packages/build.ts'],
      ...['server/app/command.ts', 'server/main.ts', 'server/quickstart/start.ts'],
    ],
    rules: { 'no-console': 'off' },
  },
);
