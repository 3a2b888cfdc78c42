/** What is said where LKMM may allow executions that were not tried (decision 18). */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Colour, Io } from '../../src/cli/io.ts';
import { MutantReport } from '../../src/cli/mutants/report.ts';
import type { Reach } from '../../src/explore/explore.ts';
import { depthText, footnote, verdictText } from '../../src/cli/reach.ts';
import { Mark } from '../../src/memory/event.ts';
import { Memory } from '../../src/program/location.ts';
import { load, smpMb, store } from '../../src/program/operations.ts';
import { catalogue, fencepost } from '../support/cli.ts';
import { gate, scenarioOf } from '../support/scenarios.ts';

const judged = (verdict: string, reach: Reach): { verdict: string; reach: Reach } => ({ verdict, reach });

/** Plain copies around a cycle, beside more orders of stores than are tried. */
const copies = scenarioOf('copies', () => {
  const memory = new Memory();
  const x = [0, 1, 2].map((i) => memory.location(`x${i}`));
  const log = memory.location('log');
  return {
    memory,
    threads: x.map((own, i) => ({
      name: `CPU${i}`,
      *body() {
        const found = yield* load(own, Mark.Plain);
        yield* smpMb();
        yield* store(x[(i + 1) % x.length], found.value, Mark.Plain, { data: [found] });
        yield* store(log, i + 1, Mark.Once);
        yield* store(log, i + 11, Mark.Once);
      },
    })),
    properties: [
      {
        name: 'nothing-copied',
        doc: 'all stay 0',
        check: (final) => (final.value(x[0]) > 1 ? 'made up' : undefined),
      },
    ],
  };
});

const own = { ...catalogue, scenarios: [copies] };

describe('a verdict that thin air may undo', () => {
  it('is marked where it says safe', () => {
    expect(verdictText(judged('safe', 'constructible'))).toBe('safe*');
    expect(verdictText(judged('safe', 'paths-gone'))).toBe('safe');
    expect(verdictText(judged('safe', 'all'))).toBe('safe');
    expect(verdictText(judged('violated', 'constructible'))).toBe('violated');
    expect(footnote([judged('safe', 'all'), judged('violated', 'constructible')])).toBe('');
    expect(footnote([judged('safe', 'all'), judged('safe', 'constructible')])).toMatch(
      /^\* without executions/,
    );
  });

  it('is exhaustive but for thin air', () => {
    expect(depthText([judged('safe', 'all'), judged('violated', 'paths-gone')])).toBe(
      'every execution was explored',
    );
    expect(depthText([judged('safe', 'paths-gone')])).toContain('but for some out of thin air');
  });

  it('is marked by check, with a footnote', async () => {
    const { out } = await fencepost(['check', 'copies', '-m', 'sc,lkmm'], { catalogue: own });
    expect(out).toMatch(/copies +as-written +sc +safe +safe/);
    expect(out).toMatch(/copies +as-written +lkmm +safe\* +safe/);
    expect(out).toContain('but for some out of thin air');
    expect(out).toMatch(/^\* without executions out of thin air/m);
  });

  it('is marked by patch, before and after', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'fencepost-reach-')), 'add.patch');
    const name = 'arch/x86/kvm/mmu/mmu.c';
    const place = `diff --git a/${name} b/${name}\n--- a/${name}\n+++ b/${name}\n`;
    const hunk =
      '@@ -10,2 +10,3 @@ void account_shadowed(struct kvm *kvm)\n \tfirst();\n+\tsmp_mb();\n \tlast();\n';
    writeFileSync(file, `Subject: [PATCH] a fence\n\n---\n${place}${hunk}`);
    const scenario = { ...gate, name: 'copies', expectations: [], world: () => copies.world() };
    const argv = ['patch', file, '--base', 'writer-fence', '-m', 'lkmm'];
    const { out } = await fencepost(argv, { catalogue: { ...own, scenarios: [scenario] } });
    expect(out).toMatch(/^ *copies +safe\*$/m);
    expect(out).toContain('1 still safe; every execution was explored, but for some out of thin air');
    expect(out).toMatch(/^ *\* without executions out of thin air/m);
    const json = await fencepost([...argv, '--json'], { catalogue: { ...own, scenarios: [scenario] } });
    expect(json.out).toMatch(/"reach": \{\s+"before": "constructible",\s+"after": "constructible"/);
  });

  it('is told of a mutant that survives', () => {
    const survivor = (reach: Reach): MutantReport =>
      new MutantReport(
        [{ mutant: 'drop x', scenarios: ['copies'], caught: undefined, exhaustive: true, reach }],
        {},
      );
    const io = { paint: (_: Colour, text: string): string => text } as unknown as Io;
    expect(survivor('constructible').text(io, 1)).toContain('drop x (without executions out of thin air');
    expect(survivor('all').text(io, 1)).toContain('drop x\n');
    expect(survivor('paths-gone').json(false)).toContain('"reach": "paths-gone"');
  });

  it('has a line of its own in what litmus prints', async () => {
    // The same copies: thrice as many stores as the enumeration has a budget for.
    const process = (i: number): string => {
      const stores = [1, 2, 3].map((n) => `WRITE_ONCE(*log, ${10 * n + i});`).join(' ');
      return `P${i}(int *x${i}, int *x${(i + 1) % 4}, int *log) { int r0 = *x${i}; *x${(i + 1) % 4} = r0; ${stores} }\n`;
    };
    const file = join(mkdtempSync(join(tmpdir(), 'fencepost-reach-')), 'copies.litmus');
    writeFileSync(
      file,
      `C copies\n{}\n${[0, 1, 2].map(process).join('').replaceAll('x3', 'x0')}exists (x0=1)\n`,
    );
    const { out } = await fencepost(['litmus', file]);
    expect(out).toContain('\nReach copies: executions that are built step by step; LKMM may allow others');
    const json = await fencepost(['litmus', '--json', file]);
    expect(JSON.parse(json.out)).toMatchObject({ reach: 'constructible', exhaustive: true });
  });
});
