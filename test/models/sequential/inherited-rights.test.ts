import { describe, expect, it } from 'vitest';
import { childAccessOfLastTable } from '../../../models/proposals/c27.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { BASELINE } from '../../../models/sequential/index.ts';
import { lengthOf, propertyOf, rememberedAndWatched, searched } from '../../support/sequential.ts';

describe('rights along two paths to a table', () => {
  it('stay apart under the baseline, whatever is tried, and with the fix of C35', () => {
    expect(searched('shadow-rights', BASELINE, 20).verdict).toBe('safe');
    expect(searched('shadow-rights', versions['v5.14'], 4)).toMatchObject({ verdict: 'bounded', depth: 4 });
  });

  // The table in the middle is shadowed for the read-only table below it, with the other one under it, and is what the
  // read-only entry of the top table finds.
  it('are mixed up without it, by 3 operations', () => {
    const found = searched('shadow-rights', childAccessOfLastTable, 3);
    expect(lengthOf(found)).toBe(3);
    expect(propertyOf(found)).toBe('guest-translation-allowed');
  });

  it('look the same with and without what is remembered', () => {
    const [remembered, watched] = rememberedAndWatched('shadow-rights', 3);
    expect(watched).toEqual(remembered);
  });
});
