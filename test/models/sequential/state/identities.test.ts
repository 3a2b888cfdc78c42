import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Identities } from '../../../../models/sequential/state/identities.ts';

const data = fc.dictionary(fc.constantFrom('a', 'b'), fc.array(fc.nat(3), { maxLength: 100 }));

describe('identities of plain data', () => {
  it('are one for equal contents, long or short, and different for others', () => {
    fc.assert(
      fc.property(fc.array(data, { maxLength: 8 }), (values) => {
        const identities = new Identities();
        const given = values.map((value) => identities.same(structuredClone(value)));
        const text = values.map((value) => JSON.stringify(value));
        given.forEach((a, i) => {
          expect(a).toEqual(values[i]);
          given.forEach((b, j) => expect(a === b).toBe(text[i] === text[j]));
        });
      }),
    );
  });

  it('have numbers, in the order of their coming', () => {
    const identities = new Identities();
    const [a, b] = [identities.same([1]), identities.same([2])];
    expect([identities.same([1]), a, b].map((value) => identities.numberOf(value))).toEqual([0, 0, 1]);
    expect(() => identities.numberOf([1])).toThrow(/no number/);
  });

  it('leave alone what is no object, and what they have given', () => {
    const identities = new Identities();
    expect([identities.same(7), identities.same(null), identities.same('x')]).toEqual([7, null, 'x']);
    const first = identities.same({ a: 1 });
    expect(identities.same(first)).toBe(first);
  });

  it('go by a shorter text where one is given', () => {
    const identities = new Identities();
    const first = identities.same({ a: 1, cache: 'x' }, () => 'a=1');
    expect(identities.same({ a: 1, cache: 'y' }, () => 'a=1')).toBe(first);
  });
});
