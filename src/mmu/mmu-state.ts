/**
 * What mmu_lock guards, as plain data: the shadow pages with their parent links, and the reverse map.
 * Functions that change it work in place, so they fit a recipe for the guarded state.
 */
import { PG_LEVEL_4K, TABLE_ENTRIES } from './geometry.ts';
import {
  sameSpte,
  type ShadowPage,
  type ShadowPageRole,
  type SpteRef,
  type Translation,
} from './shadow-page.ts';

export interface MmuState {
  /** Hash and `active_mmu_pages` in one, oldest first; invalid pages stay until they are freed. */
  pages: ShadowPage[];
  /** Numbers are never used twice, so that a dangling one is seen. */
  nextPage: number;
  /** By guest frame, the leaf SPTEs that map it; a huge one stands under the first frame that it maps. */
  rmap: Record<number, SpteRef[]>;
}

export function emptyMmuState(): MmuState {
  return { pages: [], nextPage: 0, rmap: {} };
}

export function findPage(state: MmuState, id: number): ShadowPage | undefined {
  return state.pages.find((page) => page.id === id);
}

/** The page with a number that is known to be there; a path that asks for another is wrong. */
export function pageOf(state: MmuState, id: number): ShadowPage {
  const page = findPage(state, id);
  if (page === undefined) throw new Error(`there is no shadow page ${id}`);
  return page;
}

/** The pages of a hash bucket that shadow the frame, newest first as on the hash list. */
export function pagesOfFrame(state: MmuState, gfn: number): readonly ShadowPage[] {
  return state.pages.filter((page) => page.gfn === gfn).reverse();
}

/** Adds a page and gives its number. */
export function addPage(state: MmuState, gfn: number, role: ShadowPageRole): number {
  const id = state.nextPage;
  state.nextPage = id + 1;
  state.pages.push({ id, gfn, role: { ...role }, rootCount: 0, parents: [], translations: {} });
  return id;
}

/** Frees a page: what still points at it dangles. */
export function removePage(state: MmuState, id: number): void {
  state.pages = state.pages.filter((page) => page.id !== id);
}

export function addParent(state: MmuState, child: number, parent: SpteRef): void {
  pageOf(state, child).parents.push({ ...parent });
}

export function removeParent(state: MmuState, child: number, parent: SpteRef): void {
  const page = pageOf(state, child);
  page.parents = page.parents.filter((ref) => !sameSpte(ref, parent));
}

/** `kvm_mmu_page_set_translation()`; a direct page computes its frames, so it keeps nothing. */
export function setTranslation(
  state: MmuState,
  { page: id, index }: SpteRef,
  translation: Translation,
): void {
  const page = pageOf(state, id);
  if (!page.role.direct) page.translations[index] = { ...translation };
}

/**
 * `kvm_mmu_page_get_gfn()`: the frame that an entry maps as the page knows it, which need not be what the SPTE
 * holds (C27); undefined: nothing was recorded.
 */
export function translatedFrame(
  { gfn, role, translations }: ShadowPage,
  index: number,
  entries = TABLE_ENTRIES,
): number | undefined {
  if (!role.direct) return translations[index]?.gfn;
  return gfn + index * entries ** (role.level - 1);
}

export function rmapOf(state: MmuState, gfn: number): readonly SpteRef[] {
  return state.rmap[gfn] ?? [];
}

/** The reverse maps of a frame at every level: the leaf SPTEs that map it, huge ones that map it among others included. */
export function mappingsOf(state: MmuState, gfn: number, entries: number): readonly SpteRef[] {
  return [PG_LEVEL_4K, PG_LEVEL_4K + 1].flatMap((level) => {
    const first = gfn - (gfn % entries ** (level - 1));
    return rmapOf(state, first).filter(({ page }) => findPage(state, page)?.role.level === level);
  });
}

/** Adding twice is adding once. */
export function addRmap(state: MmuState, gfn: number, spte: SpteRef): void {
  const refs = (state.rmap[gfn] ??= []);
  if (!refs.some((ref) => sameSpte(ref, spte))) refs.push({ ...spte });
}

/** Frames that nothing maps have no entry, so that equal states are equal data. */
export function removeRmap(state: MmuState, gfn: number, spte: SpteRef): void {
  const rest = rmapOf(state, gfn).filter((ref) => !sameSpte(ref, spte));
  if (rest.length > 0) state.rmap[gfn] = rest;
  else delete state.rmap[gfn];
}
