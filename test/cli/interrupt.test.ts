/** Ctrl-C: what is known by then is printed, and the exit code is 130. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { supervised } from '../../src/cli/interrupt.ts';
import type { Property } from '../../src/check/property.ts';
import type { Scenario } from '../../src/check/scenario.ts';
import { FOUNDING } from '../../src/cli/commands/question.ts';
import { catalogue, fencepost } from '../support/cli.ts';
import { gate } from '../support/scenarios.ts';

/** Somebody presses Ctrl-C, and the work does not look up. */
function interruptedForEver(): never {
  process.kill(process.pid, 'SIGINT');
  for (;;);
}

/** The gate, with a search that never ends from its n-th world on. */
function endless(from: number, base: Scenario = gate): Scenario {
  let worlds = 0;
  return {
    ...base,
    world() {
      const world = gate.world();
      if (++worlds < from) return world;
      const property = { name: 'slow', doc: 'never answers', check: interruptedForEver };
      return { ...world, properties: [...world.properties, property] };
    },
  };
}

const run = (scenario: Scenario, ...argv: string[]) =>
  fencepost(argv, { catalogue: { ...catalogue, scenarios: [scenario] } });

describe('Ctrl-C', () => {
  it('cuts off work that does not look up, and nothing else', () => {
    expect(supervised(() => undefined)).toBe(true);
    expect(supervised(interruptedForEver)).toBe(false);
    expect(() =>
      supervised(() => {
        throw new RangeError('oops');
      }),
    ).toThrow(RangeError);
    expect(supervised(() => undefined)).toBe(true);
  });

  it('leaves check with the verdicts that it has', async () => {
    const { code, out, err } = await run(endless(3), 'check', '-m', 'sc,x86-tso');
    expect(err).toBe('');
    expect(out).toMatch(/^gate-vs-fault +bare +x86-tso +violated/m);
    expect(out).toMatch(/^gate-vs-fault +writer-fence +sc +bounded +safe +>=1 /m);
    expect(out).toContain('3 verdicts, 2 as expected, 1 bounded; interrupted, 3 not begun.\n');
    expect(code).toBe(130);
  });

  it('keeps a violation that was found by then', async () => {
    const scenario: Scenario = {
      ...gate,
      world() {
        const world = gate.world();
        const [stale] = world.properties;
        const slow: Property = {
          name: 'slow',
          doc: 'never answers once the SPTE is stale',
          check: (final) => (stale.check(final) === undefined ? undefined : interruptedForEver()),
        };
        return { ...world, properties: [stale, slow] };
      },
    };
    const { code, out } = await run(scenario, 'check', '-p', 'bare', '-m', 'x86-tso', '--trace');
    expect(out).toMatch(/^gate-vs-fault +bare +x86-tso +violated +violated +>=/m);
    expect(out).toContain('1 verdict, 1 as expected; interrupted, 0 not begun.\n');
    expect(out).toContain('=> no-stale-spte: the SPTE still maps 0');
    expect(code).toBe(130);
  });

  it('leaves patch with the comparisons that it has', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fencepost-'));
    writeFileSync(
      join(folder, 'add.patch'),
      `--- a/mmu.c
+++ b/mmu.c
@@ -1,2 +1,3 @@ void account_shadowed(struct kvm *kvm)
 	first();
+	smp_mb();
 	last();
`,
    );
    const { code, out } = await fencepost(['patch', 'add.patch', '--base', 'bare', '-m', 'sc,x86-tso'], {
      cwd: folder,
      catalogue: { ...catalogue, scenarios: [endless(4)] },
    });
    expect(out).toMatch(/gate-vs-fault +safe +violated -> bounded$/m);
    expect(out).toContain('interrupted: not every scenario was judged.');
    expect(code).toBe(130);
  });

  it('leaves litmus with the tests that it has', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fencepost-'));
    for (const name of ['a', 'b', 'c']) {
      const text = `C ${name}\n{}\nP0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\nexists (x=1)\n`;
      writeFileSync(join(folder, `${name}.litmus`), text);
    }
    let tests = 0;
    const supervise = (work: () => void): boolean =>
      supervised(() => {
        work();
        if (++tests === 2) interruptedForEver();
      });
    const { code, out, err } = await fencepost(['litmus', '.'], { cwd: folder, supervise });
    expect(out.match(/^(Observation|Bounded) .*$/gm)).toEqual([
      'Observation a Always 1 0',
      'Observation b Always 1 0',
      'Bounded b: stopped before every execution was seen',
    ]);
    expect(err).toBe('interrupted: 1 of 3 tests were run to the end\n');
    expect(code).toBe(130);
  });

  it('says so in JSON', async () => {
    const { code, out } = await run(endless(2), 'check', '-p', 'bare', '-m', 'sc,x86-tso,lkmm', '--json');
    const { results, interrupted } = JSON.parse(out) as {
      results: { verdict: string; exhaustive: boolean }[];
      interrupted: boolean;
    };
    expect(interrupted).toBe(true);
    expect(results.map(({ verdict, exhaustive }) => [verdict, exhaustive])).toEqual([
      ['safe', true],
      ['bounded', false],
    ]);
    expect(code).toBe(130);
  });

  it('ends the founding question with the rows that it has', async () => {
    const founding = {
      ...gate,
      name: FOUNDING.scenario,
      proposals: [{ ...gate.proposals[0], name: FOUNDING.proposal }, gate.proposals[2]],
      expectations: [{ ...gate.expectations[0], proposals: [FOUNDING.proposal] }],
    };
    const { code, out } = await run(endless(6, founding));
    expect(out).toMatch(/^v6\.3 +safe +violated +violated +violated$/m);
    expect(out).toMatch(/^both-fences +safe +bounded +- +-$/m);
    expect(out).toMatch(/^interrupted after \d+ executions: the table is not complete\.$/m);
    expect(code).toBe(130);
  });
});
