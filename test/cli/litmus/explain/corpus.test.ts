/** Explanations of tests of the shared corpus: which axiom, and down to what. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fencepost } from '../../../support/cli.ts';
import { litmusCorpus as corpus } from '../../../support/corpus.ts';
import { describeWith } from '../../../support/describe-with.ts';

const cwd = join(corpus.folder, 'lkmm');

/** What needs no further reason: base relations, and what single events or fences make of program order. */
const BASE = new Set([
  ...['po', 'po-loc', 'rf', 'rfe', 'rfi', 'co', 'coe', 'coi', 'fr', 'fre', 'fri', 'rmw', 'rmw⁻¹'],
  ...['addr', 'data', 'ctrl', 'mb', 'rmb', 'wmb', 'acq-po', 'po-rel', 'gp', 'srcu-gp'],
  ...['rcu-rscs⁻¹', 'srcu-rscs⁻¹'],
]);

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** Names of the edges below which nothing stands. */
function leaves(lines: readonly string[]): string[] {
  return lines.flatMap((line, i) => {
    if (i + 1 < lines.length && indentOf(lines[i + 1]) > indentOf(line)) return [];
    // A reason such as «P0: smp_mb() between them» is an event.
    const reasons = line
      .split(' because ')
      .slice(1)
      .filter((reason) => !/^P\d+: /.test(reason));
    return [reasons.at(-1) ?? line.trim().split(': ')[0]];
  });
}

describeWith(corpus, 'what is forbidden in the corpus is explained down to base relations', () => {
  it.each([
    ['auto/C-RW-R2', 'coherence'],
    ['auto/C-RR-G', 'coherence'],
    ['manual/atomic/C-atomic-04', 'atomicity'],
    ['manual/atomic/C-AlanStern-Atomic1', 'atomicity'],
    ['kernel/C-MP+o-wmb-o+o-rmb-o', 'happens-before'],
    ['kernel/dep+plain', 'happens-before'],
    ['auto/C-LB-LRW+R-Dd+R-Dcv', 'happens-before'],
    ['auto/C-LB-GRW+R-A+O-Dd', 'happens-before'],
    ['auto/C-LB-LRR+R-A+OB-O+OB-O+R-OC', 'happens-before'],
    ['auto/C-LB-GWR+R-Oc+OB-OB', 'propagation'],
    ['auto/C-LB-GWR+R-A+OB-O+OB-OB', 'propagation'],
    ['auto/C-RR-GH+RR-R+RR-R', 'rcu'],
    ['auto/C-RW-GR+RW-R+RW-R', 'rcu'],
    ['manual/kernel/C-srcu-nest-1', 'rcu'],
    ['auto/C-LB-Lrw+R-OC+R-OC+R-Od', 'plain-coherence'],
    ['auto/C-LB-Lwr+R-OC+R-Od+R-Od', 'plain-coherence'],
    ['auto/C-LB-Lww+R-A+R-D+R-Od', 'plain-coherence'],
    ['manual/locked/LB+onces+locked', 'happens-before'],
    ['manual/locked/MP+rfi-po+po+onces+locked', 'happens-before'],
    ['manual/locked/RWC+onces+locked', 'happens-before'],
    ['kernel/LB+unlocklockonceonce+poacquireonce', 'happens-before'],
  ])('%s: %s', async (name, axiom) => {
    const { out } = await fencepost(['litmus', '--explain', '--json', `${name}.litmus`], { cwd });
    const { explanation } = JSON.parse(out) as { explanation: string[] };
    const [head, ...lines] = explanation;
    expect(head).toContain(`the nearest candidate breaks «${axiom}»`);
    const edges = lines.filter((line) => line.startsWith('  '));
    expect(edges).not.toEqual([]);
    expect(leaves(edges).filter((edge) => !BASE.has(edge))).toEqual([]);
  });

  it('self-deadlock: who waits', async () => {
    const argv = ['litmus', '--explain', 'manual/locked/self-deadlock.litmus'];
    expect((await fencepost(argv, { cwd })).out).toContain('  P0 waits in spin_lock(&sl) for ever\n');
  });
});
