import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACC_ALL,
  addPage,
  addParent,
  countBits,
  emptyMmuState,
  encodeGuestPte,
  gpteIndexOf,
  guestIndex,
  hasReservedBits,
  isLargeGpte,
  isLastGpte,
  permissionFault,
  SMALL_PAGING,
  sptesOfGpte,
  TABLE_ENTRIES,
  unsyncMarks,
  type GuestAccess,
  type GuestPaging,
} from 'fencepost/mmu';
import { PFERR_PK_MASK, PFERR_PRESENT_MASK, X86_EFLAGS_AC } from 'fencepost/x86';

const access: fc.Arbitrary<GuestAccess> = fc
  .record({ write: fc.boolean(), user: fc.boolean(), fetch: fc.boolean() })
  .filter(({ write, fetch }) => !(write && fetch));
const rights = fc.integer({ min: 0, max: ACC_ALL });

/** Whether rights on a page without a key make an access fault. */
function faults(paging: GuestPaging, asked: GuestAccess, some: number): boolean {
  return permissionFault(paging, asked, some, encodeGuestPte({ frame: 8 })) !== 0;
}

describe('permissions', () => {
  it('never lose an access when a right is added, but to a supervisor under SMEP or SMAP', () => {
    fc.assert(
      fc.property(access, rights, rights, fc.boolean(), (asked, some, more, cr0Wp) => {
        const paging = { ...SMALL_PAGING, cr0Wp };
        if (faults(paging, asked, some | more)) expect(faults(paging, asked, some)).toBe(true);
        const guarded = { ...paging, cr4Smep: true, cr4Smap: true };
        if (faults(paging, asked, some)) expect(faults(guarded, asked, some)).toBe(true);
        if (asked.user === true) expect(faults(guarded, asked, some)).toBe(faults(paging, asked, some));
      }),
    );
  });

  it('with CR0.WP clear let a supervisor write and read alike', () => {
    fc.assert(
      fc.property(rights, (some) => {
        const paging = { ...SMALL_PAGING, cr0Wp: false };
        expect(faults(paging, { write: true }, some)).toBe(faults(paging, {}, some));
      }),
    );
  });

  it('ask EFLAGS.AC and PKRU of the moment', () => {
    const smap = { ...SMALL_PAGING, cr4Smap: true };
    expect(faults(smap, {}, ACC_ALL)).toBe(true);
    expect(faults({ ...smap, eflags: X86_EFLAGS_AC }, {}, ACC_ALL)).toBe(false);
    const keys = { ...SMALL_PAGING, cr4Pke: true, pkru: 1 << 4 };
    const denied = PFERR_PRESENT_MASK | PFERR_PK_MASK;
    expect(permissionFault(keys, {}, ACC_ALL, encodeGuestPte({ frame: 8, key: 2 }))).toBe(denied);
    expect(permissionFault(keys, {}, ACC_ALL, encodeGuestPte({ frame: 8, key: 1 }))).toBe(0);
  });
});

describe('entries', () => {
  it('end a walk in a page table, or as a large page where the mode has those', () => {
    const large = encodeGuestPte({ frame: 8, large: true });
    expect(isLargeGpte(large, 1)).toBe(false);
    expect(isLastGpte(SMALL_PAGING, large, 2)).toBe(true);
    expect(isLastGpte({ ...SMALL_PAGING, largePages: false }, large, 2)).toBe(false);
    expect(isLastGpte(SMALL_PAGING, encodeGuestPte({ frame: 8 }), 1)).toBe(true);
  });

  it('have reserved bits by the mode: PS above a page directory, XD while EFER.NX is clear', () => {
    const large = encodeGuestPte({ frame: 16, large: true });
    const gbPages = { ...SMALL_PAGING, gbPages: true };
    expect([2, 3, 4].map((level) => hasReservedBits(SMALL_PAGING, large, level))).toEqual([
      false,
      true,
      true,
    ]);
    expect([2, 3, 4].map((level) => hasReservedBits(gbPages, large, level))).toEqual([false, false, true]);
    const noExecute = encodeGuestPte({ frame: 8, noExecute: true });
    expect(hasReservedBits(SMALL_PAGING, noExecute, 1)).toBe(false);
    expect(hasReservedBits({ ...SMALL_PAGING, eferNx: false }, noExecute, 1)).toBe(true);
  });

  it('map large pages aligned to their size, which is twice as large with 4-byte entries', () => {
    const large = encodeGuestPte({ frame: 4, large: true });
    expect(hasReservedBits(SMALL_PAGING, large, 2)).toBe(false);
    expect(hasReservedBits(SMALL_PAGING, encodeGuestPte({ frame: 6, large: true }), 2)).toBe(true);
    expect(hasReservedBits({ ...SMALL_PAGING, has4ByteGpte: true }, large, 2)).toBe(true);
    // Without CR4.PSE the bit means nothing.
    expect(hasReservedBits({ ...SMALL_PAGING, has4ByteGpte: true, largePages: false }, large, 2)).toBe(false);
  });
});

describe('tables of 4-byte entries', () => {
  it('have each SPTE shadow the entry that names it, in one quadrant', () => {
    for (const level of [1, 2]) {
      const quadrants = level === 1 ? [0, 1] : [0, 1, 2, 3];
      for (const quadrant of quadrants) {
        const role = { level, has4ByteGpte: true, quadrant };
        for (let index = 0; index < TABLE_ENTRIES; index++) {
          const gpte = gpteIndexOf(role, index);
          expect(sptesOfGpte(role, gpte)).toContain(index);
          for (const other of quadrants.filter((each) => each !== quadrant)) {
            expect(sptesOfGpte({ ...role, quadrant: other }, gpte)).toEqual([]);
          }
        }
      }
    }
  });

  it('are walked with one bit more of the address than shadow pages', () => {
    const paging = { ...SMALL_PAGING, has4ByteGpte: true };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), (page) => {
        const leaf = guestIndex(paging, page, 1);
        expect(8 * guestIndex(paging, page, 2) + leaf).toBe(page);
      }),
    );
  });
});

describe('unsync marks', () => {
  it('lead from every root above to the tables, and nowhere else', () => {
    const link = fc.record({
      child: fc.integer({ min: 1, max: 5 }),
      parent: fc.integer({ min: 0, max: 4 }),
      index: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(link), fc.uniqueArray(fc.integer({ min: 1, max: 5 })), (links, unsync) => {
        const state = emptyMmuState();
        for (let gfn = 0; gfn < 6; gfn++) addPage(state, gfn, { level: 6 - gfn, ...PLAIN });
        const down = links.filter(({ child, parent }) => parent < child);
        for (const { child, parent, index } of down) addParent(state, child, { page: parent, index });
        const marks = unsyncMarks(state, unsync);
        const leads = (page: number): boolean =>
          unsync.includes(page) || down.some(({ child, parent }) => parent === page && leads(child));
        for (let page = 0; page < 6; page++) {
          const entries = down.filter(({ child, parent }) => parent === page && leads(child));
          const bits = new Set(entries.map(({ index }) => index));
          expect(countBits(marks[page] ?? 0)).toBe(bits.size);
          for (const bit of bits) expect((marks[page] ?? 0) & (1 << bit)).not.toBe(0);
        }
      }),
    );
  });
});

const PLAIN = { access: ACC_ALL, direct: false, passthrough: false, guestMode: false };
