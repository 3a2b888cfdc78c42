/**
 * The roots that an MMU has at hand: the current one and the three before it, least recently used last
 * (`struct kvm_mmu_root_info root, prev_roots[]`; KVM-MMU.md A1.1, A10, E1). Plain data; functions change
 * it in place, so they fit a recipe. How a root remembers that it has missed a flush is the design's affair.
 */
import type { ShadowPageRole } from './shadow-page.ts';

/** `KVM_MMU_NUM_PREV_ROOTS` */
export const NUM_PREV_ROOTS = 3;

/** `INVALID_PAGE` */
export const INVALID_PAGE = -1;

/** The address of a root that is no shadow page: `pae_root`. */
export const SPECIAL_ROOT = -2;

/** `struct kvm_mmu_root_info` */
export interface RootInfo {
  /** The guest's CR3 or EPTP, with what a design keeps in its spare bits. */
  pgd: number;
  /** The number of the shadow page. */
  hpa: number;
  /** The role of that page. It never changes; that the page is zapped is told by `role.invalid`. */
  role?: ShadowPageRole;
  /** Design A only. */
  needSync?: boolean;
}

/** The current root first, then `prev_roots`. */
export interface RootCache {
  roots: RootInfo[];
  /** Design B only: `root_unsync` and `unsync_roots[]`. */
  unsync: boolean[];
}

export const CURRENT = 0;

/** The slots of `prev_roots`. */
export const PREVIOUS: readonly number[] = Array.from({ length: NUM_PREV_ROOTS }, (_, i) => i + 1);

export const ALL_ROOTS: readonly number[] = [CURRENT, ...PREVIOUS];

/** Where a design keeps, for each root, that it must be synchronised and flushed before it is used again. */
export interface RootCacheDesign {
  readonly name: string;
  /** Bytes that the four roots and their flags occupy in `struct kvm_mmu`. */
  readonly bytes: number;
  /** What has to be flushed is kept, and flagged; otherwise it is freed. */
  readonly keepsFlushed: boolean;
  /** The current root can be flagged too. */
  readonly flagsCurrent: boolean;
  /** The guest's part of a stored pgd. */
  readonly pgdOf: (root: Readonly<RootInfo>) => number;
  readonly isFlagged: (cache: Readonly<RootCache>, slot: number) => boolean;
  readonly setFlag: (cache: RootCache, slot: number, flag: boolean) => void;
  readonly swap: (cache: RootCache, a: number, b: number) => void;
}

export function emptyRootCache(): RootCache {
  return { roots: ALL_ROOTS.map(() => ({ pgd: INVALID_PAGE, hpa: INVALID_PAGE })), unsync: [] };
}

export function isValidRoot({ hpa }: Readonly<RootInfo>): boolean {
  return hpa !== INVALID_PAGE;
}

/** Makes a root current that has just been loaded, and so needs no sync. */
export function putRoot(cache: RootCache, design: RootCacheDesign, root: RootInfo): void {
  cache.roots[CURRENT] = { ...root };
  design.setFlag(cache, CURRENT, false);
}

/** `KVM_MMU_ROOT_INFO_INVALID` */
export function invalidateRoot(cache: RootCache, design: RootCacheDesign, slot: number): void {
  design.setFlag(cache, slot, false);
  cache.roots[slot] = { pgd: INVALID_PAGE, hpa: INVALID_PAGE };
}

/**
 * `cached_root_find_and_keep_current()`: makes the root of the slot current; those that were used after it move
 * down by one. The last slot is also what a miss ends with: the least recently used root then waits to be freed.
 */
export function rotateToCurrent(cache: RootCache, design: RootCacheDesign, slot: number): void {
  for (const each of PREVIOUS.filter((previous) => previous <= slot)) design.swap(cache, CURRENT, each);
}

/** `cached_root_find_without_current()`: makes the root of the slot current where there is none; a gap closes. */
export function takeToCurrent(cache: RootCache, design: RootCacheDesign, slot: number): void {
  design.swap(cache, CURRENT, slot);
  for (let each = slot; each < NUM_PREV_ROOTS; each++) design.swap(cache, each, each + 1);
}
