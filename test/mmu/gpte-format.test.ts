import { describe, expect, it } from 'vitest';
import { gpteFormat, hasReservedBits, PG_LEVEL_4K } from 'fencepost/mmu';
import { EPT_EXECUTABLE, EPT_READABLE, EPT_WRITABLE, eptFormat, PT_NX, PT_RESERVED } from 'fencepost/x86';

const RIGHTS = Array.from({ length: 8 }, (_, rwx) => rwx);

describe('entries of EPT tables as KVM reads them', () => {
  it.each([false, true])('are what the processor takes them for (X without R: %s)', (executeOnly) => {
    const kvm = gpteFormat(true);
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

  it('need no A and D to be used, and have no XD', () => {
    const word = (5 << 12) | EPT_READABLE | EPT_WRITABLE | EPT_EXECUTABLE;
    const { isAccessed, isDirty, access, protectClean } = gpteFormat(true);
    expect([isAccessed(word), isDirty(word), protectClean(access(word), word)]).toEqual([
      true,
      true,
      access(word),
    ]);
    const paging = { ept: true, eferNx: false, largePages: true };
    expect(hasReservedBits(paging, word | PT_NX, PG_LEVEL_4K)).toBe(false);
  });
});
