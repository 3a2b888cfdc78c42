/**
 * Four designs of the root cache, as the mails of 2021 compare them (KVM-MMU.md E1). What upstream took frees the
 * roots that a flush hits; the others keep them, with a flag that travels with the root.
 */
import { isValidRoot, NUM_PREV_ROOTS, type RootCache, type RootCacheDesign } from './root-cache.ts';

/** `{ hpa_t; gpa_t }`, and how much a bool adds to it on a 64-bit host. */
const ROOT_INFO = 16;
const PADDED_BOOL = 8;

/** Stands for bit 63 of a pgd, which no CR3 has but on its way into the register: there it is NOFLUSH. */
export const PGD_BIT_63 = 1 << 30;

function swapRoots({ roots }: RootCache, a: number, b: number): void {
  [roots[a], roots[b]] = [roots[b], roots[a]];
}

/** Upstream: no flag; «freed» means «needs sync», at the price of a hash lookup under mmu_lock. */
export const freeing: RootCacheDesign = {
  name: 'free',
  bytes: ROOT_INFO * (NUM_PREV_ROOTS + 1),
  keepsFlushed: false,
  flagsCurrent: false,
  pgdOf: ({ pgd }) => pgd,
  isFlagged: () => false,
  setFlag: () => undefined,
  swap: swapRoots,
};

/** A, the RFC of 2021-05-26: `need_sync` in the root info of `prev_roots`. */
export const needSync: RootCacheDesign = {
  ...freeing,
  name: 'need_sync',
  bytes: ROOT_INFO + (ROOT_INFO + PADDED_BOOL) * NUM_PREV_ROOTS,
  keepsFlushed: true,
  isFlagged: ({ roots }, slot) => roots[slot].needSync === true,
  setFlag: ({ roots }, slot, flag) => {
    roots[slot].needSync = flag;
  },
};

/** B, the answer of 2021-07-30: bools in what is padding of `struct kvm_mmu`, swapped along with the roots. */
export const unsyncArray: RootCacheDesign = {
  ...freeing,
  name: 'unsync_roots',
  keepsFlushed: true,
  flagsCurrent: true,
  isFlagged: ({ unsync }, slot) => unsync[slot] ?? false,
  setFlag: ({ unsync }, slot, flag) => {
    for (let each = unsync.length; each <= slot; each++) unsync[each] = false;
    unsync[slot] = flag;
  },
  swap: (cache, a, b) => {
    swapRoots(cache, a, b);
    swapFlags(unsyncArray, cache, a, b);
  },
};

/** C, the mail of 2021-08-03: `cached_roots[4]`, and bit 63 of the pgd says that no sync was asked for since the last. */
export const bit63: RootCacheDesign = {
  ...freeing,
  name: 'bit 63',
  keepsFlushed: true,
  flagsCurrent: true,
  pgdOf: ({ pgd }) => (pgd < 0 ? pgd : pgd & ~PGD_BIT_63),
  isFlagged: ({ roots }, slot) => isValidRoot(roots[slot]) && (roots[slot].pgd & PGD_BIT_63) === 0,
  setFlag: ({ roots }, slot, flag) => {
    if (!isValidRoot(roots[slot])) return;
    roots[slot].pgd = flag ? roots[slot].pgd & ~PGD_BIT_63 : roots[slot].pgd | PGD_BIT_63;
  },
};

/** A fault: the rotation moves the roots and leaves the flags where they are. */
export function forgetful(design: RootCacheDesign): RootCacheDesign {
  return {
    ...design,
    name: `${design.name}, flags stay behind`,
    swap: (cache, a, b) => {
      design.swap(cache, a, b);
      swapFlags(design, cache, a, b);
    },
  };
}

function swapFlags(design: RootCacheDesign, cache: RootCache, a: number, b: number): void {
  const wasFlagged = design.isFlagged(cache, a);
  design.setFlag(cache, a, design.isFlagged(cache, b));
  design.setFlag(cache, b, wasFlagged);
}

export const ROOT_CACHE_DESIGNS: readonly RootCacheDesign[] = [freeing, needSync, unsyncArray, bit63];
