import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { layers } from './tools/eslint/layers.js';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { fencepost: { rules: { layers } } },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', 400],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'fencepost/layers': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      // Leftovers of destructuring and unused parameters say so with an underscore.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      // A new event or verdict must make the compiler and the linter list every place to touch.
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    // No tsconfig includes the configuration of the tools.
    files: ['*.config.ts'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
