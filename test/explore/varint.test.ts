import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VarintError, VarintReader, VarintWriter } from '../../src/explore/varint.ts';

const whole = fc.oneof(fc.nat(300), fc.maxSafeNat());
/** Signed numbers go by twice their size. */
const MOST_SIGNED = 2 ** 52 - 1;
const signed = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer({ min: -MOST_SIGNED, max: MOST_SIGNED }),
);

function written(numbers: readonly number[]): Buffer {
  const out = new VarintWriter();
  for (const number of numbers) out.put(number);
  return out.bytes();
}

describe('whole numbers as bytes', () => {
  it('come back as they were, one behind the other', () => {
    fc.assert(
      fc.property(fc.array(whole), (numbers) => {
        const reader = new VarintReader(written(numbers));
        expect(numbers.map(() => reader.take())).toEqual(numbers);
        expect(reader.atEnd).toBe(true);
      }),
    );
  });

  it('come back with their sign', () => {
    fc.assert(
      fc.property(fc.array(signed), (numbers) => {
        const out = new VarintWriter();
        for (const number of numbers) out.putSigned(number);
        const reader = new VarintReader(out.bytes());
        for (const number of numbers) expect(reader.takeSigned()).toBe(number);
      }),
    );
  });

  it('take a byte up to 127, and one more for each further seven bits', () => {
    const lengths = [0, 127, 128, 2 ** 14 - 1, 2 ** 14, Number.MAX_SAFE_INTEGER].map(
      (number) => written([number]).length,
    );
    expect(lengths).toEqual([1, 1, 2, 2, 3, 8]);
  });

  it('are refused when they break off, and when they never end', () => {
    fc.assert(
      fc.property(whole, (number) => {
        const bytes = written([number]);
        expect(() => new VarintReader(bytes.subarray(0, bytes.length - 1)).take()).toThrow(VarintError);
      }),
    );
    expect(() => new VarintReader(new Uint8Array(20).fill(255)).take()).toThrow(VarintError);
  });
});
