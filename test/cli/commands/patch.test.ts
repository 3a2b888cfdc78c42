import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { World } from '../../../src/check/scenario.ts';
import { catalogue, fencepost } from '../../support/cli.ts';
import { gate } from '../../support/scenarios.ts';

const folder = mkdtempSync(join(tmpdir(), 'fencepost-'));

const diff = (
  fn: string,
  line: string,
): string => `diff --git a/arch/x86/kvm/mmu/mmu.c b/arch/x86/kvm/mmu/mmu.c
--- a/arch/x86/kvm/mmu/mmu.c
+++ b/arch/x86/kvm/mmu/mmu.c
@@ -10,${line.startsWith('+') ? 2 : 3} +10,${line.startsWith('+') ? 3 : 2} @@ void ${fn}(struct kvm *kvm)
 	first();
${line}
 	last();
`;
writeFileSync(
  join(folder, 'add.patch'),
  `Subject: [PATCH] add the fence\n\n---\n${diff('account_shadowed', '+	smp_mb();')}`,
);
writeFileSync(
  join(folder, 'remove.patch'),
  `Subject: [PATCH] remove the fence\n\n---\n${diff('kvm_mmu_track_write', '-	smp_mb();')}`,
);
writeFileSync(
  join(folder, 'other.patch'),
  `Subject: [PATCH] something else\n\n---\n${diff('kvm_mmu_reset', '+	foo();')}`,
);

/** Nothing that a patch does to its sites can help this one. */
function alwaysWrong(): World {
  const world = gate.world();
  return { ...world, properties: [{ name: 'no-luck', doc: 'never holds', check: () => 'bad luck' }] };
}

const run = (...argv: string[]) => fencepost(['patch', ...argv], { cwd: folder });

describe('fencepost patch', () => {
  it('says what a patch does to the sites and judges before and after', async () => {
    const { code, out, err } = await run('add.patch', '--base', 'writer-fence');
    expect(err).toBe('');
    expect(out.slice(0, out.indexOf('FAIL'))).toMatchInlineSnapshot(`
      "[PATCH] add the fence
      1 patch found

      Patch 1: [PATCH] add the fence, line 4
        arch/x86/kvm/mmu/mmu.c
          line 7: @@ -10 +10 @@ account_shadowed()
            after-increment: smp_mb()

        base: writer-fence
        with the patch: both-fences

        scenario       sc    x86-tso           lkmm-marked       lkmm
        -------------  ----  ----------------  ----------------  --------
        gate-vs-fault  safe  violated -> safe  violated -> safe  violated

        1 still violated, 2 fixed, 1 still safe; every execution was explored.

      "
    `);
    // The plain read at the gate still races under LKMM.
    expect(code).toBe(1);
    expect(out).toMatch(/^FAIL gate-vs-fault · no-stale-spte · lkmm · both-fences/m);
  });

  it('ends with 0 when everything holds afterwards', async () => {
    const { code, out } = await run('add.patch', '--base', 'writer-fence', '-m', 'sc,x86-tso,lkmm-marked');
    expect(out).toMatch(/gate-vs-fault +safe +violated -> safe +violated -> safe$/m);
    expect(out).toContain('2 fixed, 1 still safe; every execution was explored.');
    expect(out).not.toContain('FAIL');
    expect(code).toBe(0);
  });

  it('guesses the base from what the patch removes, and says so', async () => {
    const { code, out } = await run('remove.patch', '-m', 'x86-tso');
    expect(out).toContain('base: writer-fence (guessed from the code that the patch removes');
    expect(out).toContain('with the patch: bare');
    expect(out).toContain('1 still violated; every execution was explored.');
    expect(code).toBe(1);
  });

  it('sets apart what is violated before and after in the same way', async () => {
    const always = { ...gate, name: 'other-bug', world: alwaysWrong };
    const { code, out } = await fencepost(
      ['patch', 'remove.patch', '--base', 'both-fences', '-m', 'sc,x86-tso'],
      {
        cwd: folder,
        catalogue: { ...catalogue, scenarios: [always, gate] },
      },
    );
    expect(out.slice(out.indexOf('with the patch'), out.indexOf('FAIL'))).toMatchInlineSnapshot(`
      "with the patch: both-fences+before-gate=none

        scenario       sc    x86-tso
        -------------  ----  ----------------
        gate-vs-fault  safe  safe -> violated

        1 regressed, 2 still violated, 1 still safe; every execution was explored.

      "
    `);
    expect(out).toMatch(/^FAIL gate-vs-fault · no-stale-spte · x86-tso /m);
    expect(out.slice(out.indexOf('  violated before'))).toMatchInlineSnapshot(`
      "  violated before and after: not this patch
        The same property is violated without it; it neither brings nor cures that.

        scenario   sc        x86-tso
        ---------  --------  --------
        other-bug  violated  violated
      "
    `);
    expect(code).toBe(1);
  });

  it('ends with 1 when a violation is older than the patch, and shows it', async () => {
    const always = { ...gate, name: 'other-bug', world: alwaysWrong };
    const { code, out } = await fencepost(['patch', 'add.patch', '--base', 'bare', '-m', 'sc'], {
      cwd: folder,
      catalogue: { ...catalogue, scenarios: [always] },
    });
    expect(out).toContain('1 still violated; every execution was explored.');
    expect(out).toMatch(/^FAIL other-bug · no-luck · sc /m);
    expect(out).toMatch(
      /^ {2}violated before and after: not this patch\n.*\n\n {2}scenario .*\n.*\n {2}other-bug +violated$/m,
    );
    expect(code).toBe(1);
  });

  it('calls a lost guarantee a regression and shows it', async () => {
    const { code, out } = await run('remove.patch', '--base', 'both-fences', '-m', 'sc,x86-tso');
    expect(out).toMatch(/gate-vs-fault +safe +safe -> violated$/m);
    expect(out).toContain('1 regressed, 1 still safe');
    const [id] = /fp1:\S+/.exec(out) ?? [''];
    expect(id).toContain('/both-fences+before-gate=none/');
    expect((await fencepost(['replay', id])).out).toContain('violated: no-stale-spte');
    expect(code).toBe(1);
  });

  it('notes that a patch was made for another version', async () => {
    const { out } = await run('remove.patch', '--base', 'bare', '-m', 'sc');
    expect(out).toContain(
      'note: the patch removes «smp_mb()» at before-gate, which bare does not have there',
    );
    expect(out).toContain('with the patch: as the base');
  });

  it('says why there is nothing to judge', async () => {
    const { code, out } = await run('other.patch');
    expect(out).toContain('not mapped: touches no modelled site (kvm_mmu_reset)');
    expect(out).toContain('It changes no site that fencepost models, so there is nothing to judge.');
    expect(code).toBe(0);
  });

  it('gives JSON', async () => {
    const { out } = await run('add.patch', '--base', 'writer-fence', '-m', 'x86-tso', '--json');
    expect(JSON.parse(out)).toMatchObject({
      patches: [
        {
          title: '[PATCH] add the fence',
          hunks: [{ sites: [{ site: 'after-increment', to: 'smp_mb()' }], unmapped: null }],
          base: 'writer-fence',
          baseGuessed: false,
          patched: 'both-fences',
          results: [
            {
              scenario: 'gate-vs-fault',
              model: 'x86-tso',
              before: 'violated',
              after: 'safe',
              outcome: 'fixed',
              witness: null,
            },
          ],
        },
      ],
    });
  });
});
