import { describe, expect, it } from 'vitest';
import { ACC_WRITE_MASK, gpteFormat, hasReservedBits, PG_LEVEL_4K } from 'fencepost/mmu';
import {
  EPT_ACCESSED,
  EPT_DIRTY,
  EPT_EXECUTABLE,
  EPT_READABLE,
  EPT_WRITABLE,
  eptFormat,
  PT_NX,
  PT_RESERVED,
} from 'fencepost/x86';

const RIGHTS = Array.from({ length: 8 }, (_, rwx) => rwx);

describe('entries of EPT tables as KVM reads them', () => {
  it.each([false, true])('are what the processor takes them for (X without R: %s)', (executeOnly) => {
    const kvm = gpteFormat({ ept: true });
    const processor = eptFormat({
      root: 1,
      indexBits: [2, 2],
      accessedDirty: false,
      executeOnly,
      gbPages: false,
    });
    const paging = { ept: true, executeOnly, eferNx: true, largePages: true };
    for (const reserved of [0, PT_RESERVED]) {
      for (const rwx of RIGHTS) {
        const word = (5 << 12) | rwx | reserved;
        const isReserved = hasReservedBits(paging, word, PG_LEVEL_4K);
        const kind = kvm.isPresent(word) ? (isReserved ? 'reserved' : 'page') : 'not-present';
        expect([rwx, kind]).toEqual([rwx, processor.kindOf(word, PG_LEVEL_4K)]);
        expect(kvm.access(word)).toBe(processor.accessOf(word, PG_LEVEL_4K));
      }
    }
  });

  it.each([false, true])('have the flags that the processor sets (EPTP bit 6: %s)', (accessedDirty) => {
    const kvm = gpteFormat({ ept: true, eptAd: accessedDirty });
    const processor = eptFormat({
      root: 1,
      indexBits: [2, 2],
      accessedDirty,
      executeOnly: false,
      gbPages: false,
    });
    for (const flags of [0, EPT_ACCESSED, EPT_DIRTY, EPT_ACCESSED | EPT_DIRTY]) {
      const word = (5 << 12) | EPT_READABLE | EPT_WRITABLE | flags;
      expect((word & kvm.accessed) === kvm.accessed).toBe(processor.isAccessed(word, PG_LEVEL_4K));
      expect((word & kvm.dirty) === kvm.dirty).toBe(processor.isDirty(word));
      expect(word | kvm.accessed | kvm.dirty).toBe(processor.withAccessed(word, true, PG_LEVEL_4K));
      const writable = (kvm.protectClean(kvm.access(word), word) & ACC_WRITE_MASK) !== 0;
      expect(writable).toBe(processor.isDirty(word));
    }
  });

  it('have no XD', () => {
    const word = (5 << 12) | EPT_READABLE | EPT_WRITABLE | EPT_EXECUTABLE;
    const paging = { ept: true, eferNx: false, largePages: true };
    expect(hasReservedBits(paging, word | PT_NX, PG_LEVEL_4K)).toBe(false);
  });
});
