import { choiceAt, type OptionOf, type Site } from 'fencepost';
import { describe, expect, it } from 'vitest';
import { derive, mutationsOf } from '../../../models/proposals/derive.ts';
import { history } from '../../../models/proposals/versions/timeline.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import * as sites from '../../../models/sites/index.ts';

const base = versions['v7.1'];

/** The sites whose options the compiler does not know one by one: there is to be none. */
type Untyped = {
  [Name in keyof typeof sites]: (typeof sites)[Name] extends Site
    ? string extends OptionOf<(typeof sites)[Name]>
      ? Name
      : never
    : never;
}[keyof typeof sites];

describe('derived proposals', () => {
  it('differ at the sites that are named', () => {
    const both = derive(base, 'both', '', [sites.gpteUpdateHow, 'store'], [sites.entryFence, 'none']);
    expect(choiceAt(both, sites.gpteUpdateHow)).toBe('store');
    expect(choiceAt(both, sites.entryFence)).toBe('none');
    expect(both.choices).toEqual({ ...base.choices, 'gpte-update-how': 'store', 'entry-fence': 'none' });
  });

  it('bear the name of what they mutate', () => {
    const mutate = mutationsOf(base);
    expect(mutate('by-store', '', [sites.gpteUpdateHow, 'store']).name).toBe('v7.1/by-store');
  });

  it('take options of the site and no others', () => {
    // @ts-expect-error: «stores» is no option of the site
    const wrong = derive(base, 'wrong', '', [sites.gpteUpdateHow, 'stores']);
    expect(() => choiceAt(wrong, sites.gpteUpdateHow)).toThrow(/chooses «stores»/);
    // @ts-expect-error: nor in a history
    expect(history(sites.gpteUpdateHow, { 'v6.1': 'stores' }).from).toEqual({ 'v6.1': 'stores' });
  });

  it('choose at sites whose options are all known', () => {
    const untyped: Record<Untyped, true> = {};
    expect(untyped).toEqual({});
  });
});
