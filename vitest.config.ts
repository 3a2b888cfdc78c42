import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run the sources, so they need no build; the same names mean dist at run time.
    alias: [
      { find: /^fencepost$/, replacement: source('./src/index.ts') },
      { find: /^fencepost\/mmu$/, replacement: source('./src/mmu/index.ts') },
      { find: /^fencepost\/x86$/, replacement: source('./src/mmu/x86/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Exhaustive explorations are slow on small machines.
    testTimeout: 120_000,
  },
});
