import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../../src/check/scenario.ts';
import { Memory } from '../../../src/program/location.ts';
import { branch, fail, spinTrylock, spinUnlock, update } from '../../../src/program/operations.ts';
import { catalogue, fencepost } from '../../support/cli.ts';
import { gate, scenarioOf } from '../../support/scenarios.ts';

/** Which state of what a lock guards was found there would have to be read behind a trylock. */
const tries = scenarioOf('tries', () => {
  const memory = new Memory();
  const lock = memory.spinlock('mmu_lock', { pages: 0 });
  const body = function* () {
    const tried = yield* spinTrylock(lock);
    yield* branch(tried);
    if (!tried.ok) return;
    yield* update(lock, (state) => {
      state.pages += 1;
    });
    yield* spinUnlock(lock);
    yield* fail('no-failure', 'it fails');
  };
  return { memory, properties: [], threads: [{ name: 'CPU0', body }] };
});
const known = { ...catalogue, scenarios: [...catalogue.scenarios, tries] };

async function idOf(...argv: string[]): Promise<string> {
  const { out } = await fencepost(['check', ...argv, '--json'], { catalogue: known });
  const { results } = JSON.parse(out) as { results: { witness: { replay: string } | null }[] };
  return results[0].witness?.replay ?? '';
}

describe('fencepost replay', () => {
  it('shows the counterexample again and names the property', async () => {
    const id = await idOf('gate-vs-fault', '-p', 'bare', '-m', 'x86-tso');
    const checked = await fencepost(['check', 'gate-vs-fault', '-p', 'bare', '-m', 'x86-tso', '--trace']);
    const { code, out, err } = await fencepost(['replay', id]);
    expect(err).toBe('');
    expect(code).toBe(0);
    const diagram = out.slice(0, out.indexOf('\nviolated: '));
    expect(diagram).toContain('CPU1 (page fault)');
    expect(checked.out).toContain(diagram);
    expect(out).toContain('violated: no-stale-spte (expected of bare under x86-tso: violated)\n');
  });

  it('ends with 1 when the violation was not expected', async () => {
    const { code, out } = await fencepost(['replay', await idOf('lock-order', '-m', 'lkmm')]);
    expect(out).toContain('violated: no-deadlock (expected of as-written under lkmm: safe)');
    expect(code).toBe(1);
  });

  it('replays proposals that were made on the command line', async () => {
    const id = await idOf('gate-vs-fault', '-p', 'bare+before-gate=smp_mb()', '-m', 'x86-tso');
    expect(id).toMatch(/^fp1:gate-vs-fault\/bare\+before-gate=smp_mb\(\)\/x86-tso:/);
    expect((await fencepost(['replay', id])).out).toContain('violated: no-stale-spte');
  });

  it('gives JSON', async () => {
    const id = await idOf('gate-vs-fault', '-p', 'bare', '-m', 'x86-tso');
    const { out } = await fencepost(['replay', id, '--json']);
    expect(JSON.parse(out)).toMatchObject({
      replay: id,
      scenario: 'gate-vs-fault',
      proposal: 'bare',
      model: 'x86-tso',
      expected: 'violated',
      violations: [{ property: 'no-stale-spte', message: 'the SPTE still maps 0' }],
    });
  });

  it('gives the core of the execution as a litmus test that is still possible', async () => {
    const id = await idOf('gate-vs-fault', '-p', 'bare', '-m', 'lkmm-marked');
    const { code, out, err } = await fencepost(['replay', id, '--litmus']);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^C gate-vs-fault\n/);
    const folder = mkdtempSync(join(tmpdir(), 'fencepost-'));
    writeFileSync(join(folder, 'core.litmus'), out);
    const again = await fencepost(['litmus', 'core.litmus', '-m', 'lkmm-marked'], { cwd: folder });
    expect(again.err).toBe('');
    expect(again.out).toMatch(/^Observation gate-vs-fault Sometimes 1 /m);
  });

  it('passes on why an execution cannot be a litmus test', async () => {
    const { code, out, err } = await fencepost(['replay', await idOf('tries', '-m', 'sc'), '--litmus'], {
      catalogue: known,
    });
    expect(err).toMatch(
      /^fencepost: «spin_trylock\(&mmu_lock\)» publishes a changed guarded state \[export-guarded-state\]\n/,
    );
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('takes either --json or --litmus', async () => {
    const id = await idOf('gate-vs-fault', '-p', 'bare', '-m', 'x86-tso');
    const { code, err } = await fencepost(['replay', id, '--json', '--litmus']);
    expect(err).toContain('[two-outputs]');
    expect(code).toBe(2);
  });

  it('refuses an id of another version of the scenario', async () => {
    const id = await idOf('gate-vs-fault', '-p', 'bare', '-m', 'x86-tso');
    const [proposal] = gate.proposals;
    const newer: Scenario = {
      ...gate,
      proposals: [{ ...proposal, choices: { 'before-gate': 'smp_mb()' } }],
    };
    const { code, err, out } = await fencepost(['replay', id], {
      catalogue: { ...catalogue, scenarios: [newer] },
    });
    expect(err).toMatch(
      /^fencepost: the replay id is of another version of scenario «gate-vs-fault».*\[replay-stale\]\n {2}hint: run /,
    );
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('says that it needs the file of a scenario that it does not know', async () => {
    const id = await idOf('gate-vs-fault', '-p', 'bare', '-m', 'x86-tso');
    const { err, code } = await fencepost(['replay', id], { catalogue: { ...catalogue, scenarios: [] } });
    expect(err).toContain('there is no scenario «gate-vs-fault» [unknown-scenario]');
    expect(code).toBe(2);
  });
});
