import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../src/check/scenario.ts';
import { catalogue, fencepost } from '../support/cli.ts';
import { gate } from '../support/scenarios.ts';

async function idOf(...argv: string[]): Promise<string> {
  const { out } = await fencepost(['check', ...argv, '--json']);
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
