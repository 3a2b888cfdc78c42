import { describe, expect, it } from 'vitest';
import { Exit } from '../../../src/cli/exit.ts';
import type { Io } from '../../../src/cli/io.ts';
import { MmuMutantReport } from '../../../src/cli/mmu/mutants/report.ts';
import type { MmuMutantResult } from '../../../src/cli/mmu/mutants/trial.ts';

import { fencepost } from '../../support/cli.ts';

const of = (faultAt: string): Promise<{ code: number; out: string }> =>
  fencepost(['mmu', 'mutants', '--world', 'shadow-pcide', '--fault-at', faultAt, '--depth', '3']);

describe('fencepost mmu mutants', () => {
  it('says which faults of single steps are caught, where, and by how many operations', async () => {
    const { code, out } = await of('mmu_set_spte: store');
    expect(code).toBe(0);
    expect(out).toMatch(/^mmu_set_spte: store sp->spt\[\] +shadow-pcide +1 +\S+$/m);
    expect(out).toContain('1 mutants: 1 caught');
  });

  it('tries no step that the world does not pass', async () => {
    const { out } = await of('__kvm_mmu_invalidate_addr');
    expect(out).toContain('0 mutants');
  });

  it('gives the reason of a survivor', async () => {
    const { code, out } = await of('cached_root_find_and_keep_current: update');
    expect(out).toMatch(/SURVIVORS\n.* #1 \(to depth 3\)\n {4}equivalent/);
    expect(code).toBe(0);
  });
});

describe('a run over faults', () => {
  const io = { paint: (_: string, text: string) => text } as unknown as Io;
  const caught: MmuMutantResult = { mutant: 'a', verdict: 'caught', depth: 3, seconds: 0, trace: ['x'] };
  const survivor = (mutant: string, depth: number): MmuMutantResult => ({
    mutant,
    verdict: 'survived',
    depth,
    seconds: 0,
  });
  const report = (...results: MmuMutantResult[]): MmuMutantReport =>
    new MmuMutantReport(results, { known: 'nothing to see' }, 4);

  it('is a failure when a survivor has no reason', () => {
    expect(report(caught, survivor('known', 3)).exit()).toBe(Exit.Holds);
    expect(report(caught, survivor('b', 4)).exit()).toBe(Exit.Violated);
    expect(report(caught, survivor('b', 3)).exit()).toBe(Exit.Inconclusive);
  });

  it('has its rows where every command has them in JSON', () => {
    const { results } = JSON.parse(report(caught, survivor('known', 3)).json(false)) as {
      results: { mutant: string; because: string | null }[];
    };
    expect(results.map(({ mutant, because }) => [mutant, because])).toEqual([
      ['a', null],
      ['known', 'nothing to see'],
    ]);
  });

  it('says how much was not tried', () => {
    const text = report(caught, survivor('b', 3)).text(io, 5);
    expect(text).toContain(
      '2 mutants: 1 caught, 0 break the path itself, 0 explained, 1 neither, interrupted, 3 not',
    );
    expect(text).toMatch(/^b \(to depth 3\)\n {4}no reason is known$/m);
  });
});
