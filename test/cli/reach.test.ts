/** What is said where LKMM may allow executions that were not tried (decision 18). */
import { describe, expect, it } from 'vitest';
import type { Reach } from '../../src/explore/explore.ts';
import { depthText, footnote, verdictText } from '../../src/cli/reach.ts';
import { Mark } from '../../src/memory/event.ts';
import { Memory } from '../../src/program/location.ts';
import { load, smpMb, store } from '../../src/program/operations.ts';
import { catalogue, fencepost } from '../support/cli.ts';
import { scenarioOf } from '../support/scenarios.ts';

const judged = (verdict: string, reach: Reach): { verdict: string; reach: Reach } => ({ verdict, reach });

/** Plain copies around a cycle, beside more orders of stores than are tried. */
const copies = scenarioOf('copies', () => {
  const memory = new Memory();
  const x = [0, 1, 2, 3].map((i) => memory.location(`x${i}`));
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
});
