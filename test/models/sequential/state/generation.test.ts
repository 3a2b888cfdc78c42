import fc from 'fast-check';
import type { Location } from 'fencepost';
import { ACC_ALL, makeMmioSpte, mmioSpteGeneration, PG_LEVEL_4K } from 'fencepost/mmu';
import { describe, expect, it } from 'vitest';
import { withoutPastGenerations } from '../../../../models/sequential/state/generation.ts';
import { Kvm } from '../../../../models/vm/kvm.ts';

const kvm = new Kvm({
  vcpus: 1,
  guestPages: [],
  guestRoot: 0,
  slots: { frames: [1, 2], present: [1] },
});
const generation = kvm.slots?.generation as Location;
const spte = (page: number): Location => kvm.spte({ page, index: 0 }, PG_LEVEL_4K);

function wordsOf(now: number, generations: readonly number[]): ReadonlyMap<Location, number> {
  const sptes = generations.map((each, page) => [spte(page), makeMmioSpte(2, ACC_ALL, each)] as const);
  return new Map([[generation, now], ...sptes]);
}

/** Small, as in the bits of an SPTE; the first is never reached again. */
const number = fc.integer({ min: generation.initial, max: generation.initial + 8 });

describe('generations of memslots', () => {
  it('are that of now or past, and no more is kept of them', () => {
    fc.assert(
      fc.property(number, fc.array(number, { maxLength: 4 }), (now, generations) => {
        const words = withoutPastGenerations(kvm, wordsOf(now, generations));
        expect(words.get(generation)).toBe(generation.initial);
        generations.forEach((each, page) => {
          const kept = mmioSpteGeneration(words.get(spte(page)) as number);
          expect(kept === generation.initial).toBe(each === now);
        });
      }),
    );
  });

  it('make states equal that differ in nothing else', () => {
    fc.assert(
      fc.property(number, number, fc.array(fc.boolean(), { maxLength: 4 }), (a, b, areNew) => {
        const [one, other] = [a, b].map((now) =>
          withoutPastGenerations(
            kvm,
            wordsOf(
              now,
              areNew.map((isNew) => (isNew ? now : now + 1)),
            ),
          ),
        );
        expect([...one]).toEqual([...other]);
        expect([...withoutPastGenerations(kvm, one)]).toEqual([...one]);
      }),
    );
  });

  it('leave alone what is no MMIO SPTE', () => {
    const words = new Map([
      [spte(0), 0],
      [kvm.indirectShadowPages, 3],
    ]);
    expect([...withoutPastGenerations(kvm, words)]).toEqual([...words]);
  });
});
