import { expect, test } from 'vitest';
import { changedProposal, disagreements, mergeChanges } from '../../src/patch/changed-proposal.ts';
import type { SiteChange } from '../../src/patch/mapping.ts';
import { choiceAt, defineSite } from '../../src/program/site.ts';

const site = defineSite({
  name: 'trim-after',
  fn: 'trim',
  doc: '',
  options: ['none', 'smp_wmb()', 'smp_mb()'],
});
const base = { name: 'v1.0', doc: '', choices: {} };

const change = (to: string, line: number, rest: Partial<SiteChange> = {}): SiteChange => ({
  site,
  fn: 'trim',
  from: undefined,
  to,
  byAbsence: false,
  evidence: [{ line, sign: '+', text: `${to};`, through: undefined }],
  ...rest,
});

test('the base with what the patch chooses', () => {
  const proposal = changedProposal(base, [change('smp_mb()', 3)]);
  expect(proposal).toMatchObject({ name: 'v1.0+patch', doc: 'v1.0 with trim-after = smp_mb()' });
  expect(choiceAt(proposal, site)).toBe('smp_mb()');
  expect(changedProposal(base, [], 'same')).toMatchObject({ name: 'same', choices: {} });
});

test('code that is there outdoes code that is gone, in any order', () => {
  const gone = change('none', 3, { byAbsence: true, from: 'smp_wmb()' });
  const there = change('smp_mb()', 9);
  for (const both of [mergeChanges([gone, there]), mergeChanges([there, gone])]) {
    expect(both).toHaveLength(1);
    expect(both[0]).toMatchObject({ to: 'smp_mb()', from: 'smp_wmb()', byAbsence: false });
    expect(both[0].evidence.map(({ line }) => line).sort()).toEqual([3, 9]);
  }
});

test('two options for one site are an error', () => {
  expect(() => changedProposal(base, [change('smp_mb()', 3), change('smp_wmb()', 9)])).toThrow(
    expect.objectContaining({ code: 'conflicting-changes' }),
  );
});

test('removed code that the base does not have', () => {
  const wrong = change('smp_mb()', 3, { from: 'smp_wmb()' });
  expect(disagreements(base, [wrong, change('none', 4, { from: 'none' }), change('none', 5)])).toEqual([
    wrong,
  ]);
});
