import { describe, expect, it } from 'vitest';
import { fencepost } from '../../support/cli.ts';

describe('fencepost mmu search --mmu nested', () => {
  it('compares what INVEPT comes to in the designs of the root cache', async () => {
    const policies = 'v7.1-repaired,root-cache/need_sync,root-cache/unsync_roots,root-cache/bit-63';
    const words = ['mmu', 'search', '--mmu', 'nested', '--world', 'nested-ept', '--policy', policies];
    const { code, out } = await fencepost([...words, '--depth', '6', '--json']);
    expect(code).toBe(0);
    const { results } = JSON.parse(out) as {
      results: { verdict: string; roots: { freed: number } }[];
    };
    expect(results.map(({ verdict }) => verdict)).toEqual(Array(4).fill('bounded'));
    // Where the current root can be flagged, only INVEPT of everything frees, and a switch among more roots than are kept.
    const [freeing, , array, bit63] = results.map(({ roots }) => roots.freed);
    expect(array).toBeLessThan(freeing);
    expect(bit63).toBeLessThan(freeing);
  });

  it('reads well', async () => {
    const policy = ['--policy', 'invept/whole-eptp', '--world', 'nested-ept'];
    const { code, out } = await fencepost(['mmu', 'search', ...policy, '--depth', '6']);
    expect(code).toBe(1);
    expect(out).toMatch(/^ {3}1 vCPU 0: enter L2 with ept_a \(low bits 8\), VPID 1$/m);
    expect(out).toMatch(/^ {3}2 vCPU 0: L2: read of page 0$/m);
    expect(out).toMatch(/^ {3}4 vCPU 0: INVEPT of ept_a$/m);
    expect(out).toMatch(/^INVEPT single-context +\d+$/m);
  });
});
