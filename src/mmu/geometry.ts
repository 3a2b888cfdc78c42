/**
 * A small paging geometry that keeps every mechanism: tables of four entries, two levels in the guest
 * (page directory and page table), levels counted from the leaf as KVM counts them. KVM may put one
 * passthrough level on top of the guest's (nested NPT on a host with one paging level more).
 */
export const PG_LEVEL_4K = 1;
/** Level of the guest's top table. */
export const GUEST_ROOT_LEVEL = 2;
/** Level of a shadow root that stands above the guest's top table and shadows no table of its own. */
export const PASSTHROUGH_ROOT_LEVEL = GUEST_ROOT_LEVEL + 1;
export const TABLE_ENTRIES = 4;
/** Frame numbers stand above the flag bits of an entry, as on x86. */
export const PAGE_SHIFT = 12;

const INDEX_BITS = Math.log2(TABLE_ENTRIES);

/**
 * The entry that translates a page (a frame number in the address space translated) in its table of the
 * level.
 */
export function indexAt(page: number, level: number): number {
  return (page >> ((level - 1) * INDEX_BITS)) % TABLE_ENTRIES;
}

/** How many pages one address space has. */
export const PAGES = TABLE_ENTRIES ** GUEST_ROOT_LEVEL;
