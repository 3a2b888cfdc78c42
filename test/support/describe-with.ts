import { describe, it } from 'vitest';
import type { SharedData } from './corpus.ts';

/** Tests that need data; without it one test is skipped in their place, and says why. */
export function describeWith({ missing }: SharedData, title: string, tests: () => void): void {
  describe(title, () => {
    if (missing === undefined) tests();
    else it('has no data', (context) => context.skip(missing));
  });
}
