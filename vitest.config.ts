import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What takes longest: left to the end, as small files are, it would keep one core busy alone. */
const LONGEST = [
  'test/scenarios/verdicts.test.ts',
  'test/explore/agreement.test.ts',
  'test/scenarios/catalogue.test.ts',
  'test/litmus/cat/agreement.test.ts',
].map(source);

/** The longest first, whether or not there is a record of former runs. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const long = LONGEST.flatMap((path) => sorted.filter(({ moduleId }) => moduleId === path));
    return [...long, ...sorted.filter((file) => !long.includes(file))];
  }
}

export default defineConfig({
  resolve: {
    // Tests run the sources, so they need no build; the same names mean dist at run time.
    alias: [
      { find: /^fencepost$/, replacement: source('src/index.ts') },
      { find: /^fencepost\/mmu$/, replacement: source('src/mmu/index.ts') },
      { find: /^fencepost\/x86$/, replacement: source('src/mmu/x86/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Exhaustive explorations are slow on small machines, and on busy ones.
    testTimeout: 600_000,
  },
});
