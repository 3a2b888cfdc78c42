import { describe, expect, it } from 'vitest';
import { loadSequential } from '../../../src/cli/mmu/load.ts';
import { proposalNamed } from '../../../src/cli/proposal.ts';
import { fencepost } from '../../support/cli.ts';

describe('fencepost mmu cost', () => {
  it('prints what the mails measured beside what it predicts', async () => {
    const { code, out } = await fencepost(['mmu', 'cost']);
    expect(code).toBe(0);
    for (const figure of ['11.55', '7.32', '74.60', '46754', '4879']) expect(out).toContain(figure);
    expect(out).toMatch(/\d of 3 constants fitted on 3 figures \(before\), none on those after/);
  });

  it('names policies by all that they choose', async () => {
    const { out } = await fencepost(['mmu', 'cost']);
    const { POLICIES, sites } = await loadSequential();
    const named = [...out.matchAll(/^ {2}(?:before|after): +(\S+)$/gm)].map(([, name]) => name);
    expect(named).toHaveLength(4);
    for (const name of named) expect(proposalNamed(POLICIES, sites, name).name).toBe(name);
    const { results } = JSON.parse((await fencepost(['mmu', 'cost', '--json'])).out) as {
      results: { measured: { policies: { before: string; after: string } } }[];
    };
    expect(results.flatMap(({ measured: { policies } }) => [policies.before, policies.after])).toEqual(named);
  });
});
