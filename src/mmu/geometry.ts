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

/**
 * The entry that translates a page (a frame number in the address space translated) in its table of the
 * level.
 */
export function indexAt(page: number, level: number, entries = TABLE_ENTRIES): number {
  return Math.floor(page / entries ** (level - 1)) % entries;
}

/**
 * The entry of the guest table that an SPTE shadows. A table of 4-byte entries has twice as many as a shadow
 * page, so several pages shadow it, each a quadrant: a half of a leaf table, and a quarter of a page
 * directory, whose entries two SPTEs share (KVM-MMU.md A1.2).
 */
export function gpteIndexOf(
  role: { readonly level: number; readonly has4ByteGpte?: boolean; readonly quadrant?: number },
  index: number,
  entries = TABLE_ENTRIES,
): number {
  if (role.has4ByteGpte !== true) return index;
  const quadrant = role.quadrant ?? 0;
  if (role.level === PG_LEVEL_4K) return quadrant * entries + index;
  return (quadrant * entries + index) >> 1;
}

/**
 * `get_written_sptes()`, the reverse: the SPTEs of a page that shadow an entry of its guest table, none where
 * another quadrant does, or where the frame is also a longer table of another paging mode.
 */
export function sptesOfGpte(
  role: { readonly level: number; readonly has4ByteGpte?: boolean; readonly quadrant?: number },
  gpteIndex: number,
  entries = TABLE_ENTRIES,
): readonly number[] {
  if (role.has4ByteGpte !== true) return gpteIndex < entries ? [gpteIndex] : [];
  const isLeaf = role.level === PG_LEVEL_4K;
  const first = isLeaf ? gpteIndex : 2 * gpteIndex;
  if (Math.floor(first / entries) !== (role.quadrant ?? 0)) return [];
  const index = first % entries;
  return isLeaf ? [index] : [index, index + 1];
}

/** How many pages one address space has. */
export const PAGES = TABLE_ENTRIES ** GUEST_ROOT_LEVEL;
