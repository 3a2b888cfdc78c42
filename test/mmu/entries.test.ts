import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACC_ALL,
  ACC_USER_MASK,
  ACC_WRITE_MASK,
  encodeGuestPte,
  gpteAccess,
  gpteEffectiveAccess,
  gpteFrame,
  indexAt,
  isHostWritableSpte,
  isMmuWritableSpte,
  isPresentGpte,
  isShadowPresentPte,
  isWritablePte,
  makeLeafSpte,
  makeNonLeafSpte,
  PAGES,
  PG_LEVEL_4K,
  SHADOW_NONPRESENT_VALUE,
  showGuestPte,
  showSpte,
  spteAccess,
  spteChild,
  spteHasVolatileBits,
  sptePfn,
  TABLE_ENTRIES,
  withoutWrite,
} from 'fencepost/mmu';

const frame = fc.integer({ min: 0, max: 1000 });
const access = fc.integer({ min: 0, max: ACC_ALL });
const leaf = fc.record({ pfn: frame, access, writeProtected: fc.boolean() });

describe('geometry', () => {
  it('gives every page its own pair of indices', () => {
    const pairs = Array.from({ length: PAGES }, (_, page) => [indexAt(page, 2), indexAt(page, 1)].join());
    expect(new Set(pairs).size).toBe(PAGES);
    expect(Math.max(...pairs.flatMap((pair) => pair.split(',').map(Number)))).toBe(TABLE_ENTRIES - 1);
    expect(indexAt(PAGES - 1, 3)).toBe(0);
  });
});

describe('guest PTEs', () => {
  it('hold what was put into them', () => {
    fc.assert(
      fc.property(frame, fc.boolean(), fc.boolean(), (frame, writable, user) => {
        const gpte = encodeGuestPte({ frame, writable, user });
        expect(isPresentGpte(gpte)).toBe(true);
        expect(gpteFrame(gpte)).toBe(frame);
        expect((gpteAccess(gpte) & ACC_WRITE_MASK) !== 0).toBe(writable);
        expect((gpteAccess(gpte) & ACC_USER_MASK) !== 0).toBe(user);
      }),
    );
  });

  it('grant nothing while A is clear, and no write through a leaf while D is clear', () => {
    const unaccessed = encodeGuestPte({ frame: 1, accessed: false });
    const clean = encodeGuestPte({ frame: 1, dirty: false });
    expect(gpteEffectiveAccess(0, 1)).toBeUndefined();
    expect(gpteEffectiveAccess(unaccessed, 1)).toBeUndefined();
    expect(gpteEffectiveAccess(clean, 1)).toBe(ACC_ALL & ~ACC_WRITE_MASK);
    // The hardware sets D in leaves alone.
    expect(gpteEffectiveAccess(clean, 2)).toBe(ACC_ALL);
  });

  it('are shown by the name of their frame', () => {
    const name = (gfn: number): string => `frame${gfn}`;
    expect(showGuestPte(0, name)).toBe('0');
    expect(showGuestPte(encodeGuestPte({ frame: 3 }), name)).toBe('frame3');
    expect(showGuestPte(encodeGuestPte({ frame: 3, writable: false }), name)).toBe('frame3 U|X');
  });
});

describe('SPTEs', () => {
  it('are never writable without MMU-writable, nor that without host-writable', () => {
    fc.assert(
      fc.property(leaf, (parts) => {
        const spte = makeLeafSpte(parts);
        expect(isShadowPresentPte(spte)).toBe(true);
        expect(sptePfn(spte)).toBe(parts.pfn);
        expect(spteAccess(spte) & ~parts.access & ~1).toBe(0);
        expect(isWritablePte(spte)).toBe((parts.access & ACC_WRITE_MASK) !== 0 && !parts.writeProtected);
        if (isWritablePte(spte)) expect(isMmuWritableSpte(spte)).toBe(true);
        if (isMmuWritableSpte(spte)) expect(isHostWritableSpte(spte)).toBe(true);
      }),
    );
  });

  it('lose W to dirty logging, and MMU-writable too to shadow paging', () => {
    fc.assert(
      fc.property(leaf, (parts) => {
        const spte = makeLeafSpte(parts);
        for (const protectForShadowPaging of [false, true]) {
          const protectedSpte = withoutWrite(spte, protectForShadowPaging);
          expect(isWritablePte(protectedSpte)).toBe(false);
          expect(isMmuWritableSpte(protectedSpte)).toBe(isMmuWritableSpte(spte) && !protectForShadowPaging);
          expect(sptePfn(protectedSpte)).toBe(sptePfn(spte));
          expect(withoutWrite(protectedSpte, protectForShadowPaging)).toBe(protectedSpte);
        }
      }),
    );
  });

  it('are volatile when a fast page fault could set W', () => {
    const writable = makeLeafSpte({ pfn: 1, access: ACC_ALL });
    expect(spteHasVolatileBits(SHADOW_NONPRESENT_VALUE)).toBe(false);
    expect(spteHasVolatileBits(writable)).toBe(false);
    expect(spteHasVolatileBits(withoutWrite(writable, false))).toBe(true);
    expect(spteHasVolatileBits(withoutWrite(writable, true))).toBe(false);
  });

  it('name their child, and are shown by it or by the frame they map', () => {
    const name = (pfn: number): string => `frame${pfn}`;
    fc.assert(
      fc.property(frame, (child) => {
        const spte = makeNonLeafSpte(child);
        expect(spteChild(spte)).toBe(child);
        expect(isShadowPresentPte(spte)).toBe(true);
        expect(showSpte(spte, 2, name)).toBe(`sp${child}`);
      }),
    );
    expect(showSpte(makeLeafSpte({ pfn: 7, access: ACC_ALL }), PG_LEVEL_4K, name)).toBe('frame7');
    expect(showSpte(SHADOW_NONPRESENT_VALUE, PG_LEVEL_4K, name)).toBe('0');
  });
});
