import { describe, expect, it } from 'vitest';
import { choice, fenceAt } from '../../src/program/operations.ts';
import type { Steps } from '../../src/program/operation.ts';
import { choiceAt, defineSite, deriveProposal, type Site } from '../../src/program/site.ts';

const fenceSite = defineSite({
  name: 'after-increment',
  fn: 'account_shadowed',
  doc: 'what stands behind the increment',
  options: ['none', 'smp_wmb()', 'smp_mb()'],
});
const base = { name: 'v6.6', doc: 'as released', choices: {} };

describe('sites and proposals', () => {
  it('a site that a proposal does not name takes its first option', () => {
    expect(choiceAt(base, fenceSite)).toBe('none');
  });

  it('a derived proposal keeps what it does not change', () => {
    const fenced = deriveProposal(base, 'v6.10', 'with the fence', { 'after-increment': 'smp_mb()' });
    const again = deriveProposal(fenced, 'v6.10-once', 'and a mark', { gate: 'READ_ONCE' });
    expect(choiceAt(again, fenceSite)).toBe('smp_mb()');
    expect(base.choices).toEqual({});
  });

  it('refuses an option that the site does not have', () => {
    const wrong = deriveProposal(base, 'x', '', { 'after-increment': 'smp_rmb()' });
    expect(() => choiceAt(wrong, fenceSite)).toThrow(/chooses «smp_rmb\(\)»/);
    expect(() => defineSite({ ...fenceSite, options: [] })).toThrow(/no options/);
  });
});

describe('the type of a site', () => {
  const markSite = defineSite({
    name: 'gate-read',
    fn: 'kvm_mmu_track_write',
    doc: 'how the gate reads',
    options: ['plain', 'READ_ONCE'],
  });

  // What the compiler checks (`tsc -p test`): nothing runs these.
  function* compared(): Steps<boolean[]> {
    const option = yield* choice(markSite);
    // @ts-expect-error: «once» is no option of the site
    const wrong = option === 'once';
    return [option === 'plain', option === 'READ_ONCE', wrong];
  }

  it('knows the options that it has', () => {
    // @ts-expect-error: nor is «smp_mb()»
    expect(choiceAt(base, markSite) === 'smp_mb()').toBe(false);
    const any: Site = markSite;
    expect(any.options).toEqual(['plain', 'READ_ONCE']);
    expect(compared).toBeTypeOf('function');
  });

  it('keeps a site that decides about no fence from fenceAt()', () => {
    const steps: (() => Steps)[] = [
      () => fenceAt(fenceSite),
      // @ts-expect-error: an access mark is no fence
      () => fenceAt(markSite),
    ];
    expect(steps).toHaveLength(2);
  });
});
