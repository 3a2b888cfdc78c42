import type { Site } from '../../program/site.ts';

/** The models behind `fencepost mmu`, loaded on the first use: `--help` and bad usage need none. */
export async function loadSequential() {
  const [sequential, sites] = await Promise.all([
    import('../../../models/sequential/index.ts'),
    import('../../../models/sites/index.ts'),
  ]);
  const all: readonly Site[] = Object.values(sites).flat();
  return { ...sequential, sites: all };
}

export type Sequential = Awaited<ReturnType<typeof loadSequential>>;
