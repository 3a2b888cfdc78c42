import { describe, expect, it } from 'vitest';
import { choiceAt, defineSite, deriveProposal } from '../../src/program/site.ts';

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
