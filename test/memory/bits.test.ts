import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clearBit, hasBit, lowestBit, popCount, setBit } from '../../src/memory/bits.ts';

const WORDS = 3;
const bit = fc.nat({ max: WORDS * 32 - 1 });

describe('bitset rows', () => {
  it('hold what was set and not cleared', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bit, fc.boolean())), (changes) => {
        const rows = new Int32Array(2 * WORDS);
        const expected = new Set<number>();
        for (const [b, on] of changes) {
          (on ? setBit : clearBit)(rows, WORDS, b);
          if (on) expected.add(b);
          else expected.delete(b);
        }
        const found = Array.from({ length: WORDS * 32 }, (_, b) => b).filter((b) => hasBit(rows, WORDS, b));
        expect(found).toEqual([...expected].sort((a, b) => a - b));
        expect([...rows.subarray(0, WORDS)]).toEqual([0, 0, 0]);
      }),
    );
  });

  it('count the bits of a word', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 31 }), { minLength: 1 }), (bits) => {
        const word = bits.reduce((sum, b) => sum | (1 << b), 0);
        expect(popCount(word)).toBe(bits.length);
      }),
    );
  });

  it('give the bits of a word from the lowest on', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 31 })), (bits) => {
        const found: number[] = [];
        const word = bits.reduce((sum, b) => sum | (1 << b), 0);
        for (let left = word; left !== 0; left &= left - 1) found.push(lowestBit(left));
        expect(found).toEqual([...bits].sort((a, b) => a - b));
      }),
    );
  });
});
