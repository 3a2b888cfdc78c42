import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACC_ALL,
  FROZEN_SPTE,
  isFrozenSpte,
  isLargePte,
  isLeafSpte,
  isMmioSpte,
  isShadowPresentPte,
  makeHugeSpte,
  makeLeafSpte,
  makeNonLeafSpte,
  PG_LEVEL_4K,
  showTdpSpte,
  spteAccess,
  spteHasVolatileBits,
  sptePfn,
  splitSpte,
} from 'fencepost/mmu';

const pfn = fc.integer({ min: 0, max: 1000 });
const access = fc.integer({ min: 0, max: ACC_ALL });

describe('a frozen SPTE', () => {
  it('is present for nobody, and no other entry', () => {
    expect(isShadowPresentPte(FROZEN_SPTE)).toBe(false);
    expect(FROZEN_SPTE & 1).toBe(0);
    expect(isMmioSpte(FROZEN_SPTE)).toBe(false);
    expect(isLargePte(FROZEN_SPTE)).toBe(false);
    expect(spteHasVolatileBits(FROZEN_SPTE)).toBe(false);
    fc.assert(
      fc.property(pfn, access, (frame, rights) => {
        expect(isFrozenSpte(makeLeafSpte({ pfn: frame, access: rights }))).toBe(false);
        expect(isFrozenSpte(makeNonLeafSpte(frame))).toBe(false);
      }),
    );
  });
});

describe('a huge page', () => {
  it('is a leaf above the lowest level, where other entries lead to tables', () => {
    fc.assert(
      fc.property(pfn, access, (frame, rights) => {
        const huge = makeHugeSpte({ pfn: frame, access: rights });
        expect(isLargePte(huge)).toBe(true);
        expect(isLeafSpte(huge, PG_LEVEL_4K + 1)).toBe(true);
        expect([sptePfn(huge), spteAccess(huge)]).toEqual([frame, rights]);
        expect(isLeafSpte(makeNonLeafSpte(frame), PG_LEVEL_4K + 1)).toBe(false);
      }),
    );
  });

  it('is split into entries that map the same pages with the same rights', () => {
    fc.assert(
      fc.property(pfn, access, fc.integer({ min: 0, max: 511 }), (frame, rights, index) => {
        const small = splitSpte(makeHugeSpte({ pfn: frame, access: rights }), index);
        expect(small).toBe(makeLeafSpte({ pfn: frame + index, access: rights }));
        expect(isLargePte(small)).toBe(false);
      }),
    );
  });
});

it('shows what an entry is', () => {
  expect(showTdpSpte(FROZEN_SPTE, PG_LEVEL_4K)).toBe('FROZEN');
  expect(showTdpSpte(0, PG_LEVEL_4K)).toBe('0');
  expect(showTdpSpte(makeNonLeafSpte(3), PG_LEVEL_4K + 1)).toBe('sp3');
  expect(showTdpSpte(makeHugeSpte({ pfn: 4, access: ACC_ALL }), PG_LEVEL_4K + 1)).toBe('huge pfn4');
});
