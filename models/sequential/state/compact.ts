/**
 * Shadow pages are numbered by their place in the list, so that states do not differ in how many there have been. What
 * still points at a page that is gone gets a number that no page has. Tables of the TDP MMU are numbered by their places.
 */
import type { Location } from 'fencepost';
import {
  isLeafSpte,
  isShadowPresentPte,
  isTdpMmuPage,
  makeNonLeafSpte,
  spteChild,
  type MmuState,
  type RootInfo,
  type SpteRef,
} from 'fencepost/mmu';
import { packHeld, unpackHeld, type MayHold } from 'fencepost/x86';
import type { Kvm } from '../../vm/kvm.ts';
import type { Mmu, VcpuArch } from '../../vm/vcpu.ts';

/** The greatest number that an SPTE has room for. */
export const GONE = 2 ** 16 - 1;

/** New numbers of pages by their old ones. */
export type Renumbering = ReadonlyMap<number, number>;

/** Undefined: every page stands at its place. */
export function renumbering({ pages, nextPage }: MmuState): Renumbering | undefined {
  if (nextPage === pages.length) return undefined;
  return new Map(pages.map(({ id }, place) => [id, place]));
}

export function numberIn(to: Renumbering, page: number): number {
  return page < 0 || isTdpMmuPage(page) ? page : (to.get(page) ?? GONE);
}

export function renumberMmu(to: Renumbering, { pages, rmap }: MmuState): MmuState {
  const ref = ({ page, index }: SpteRef): SpteRef => ({ page: numberIn(to, page), index });
  return {
    pages: pages.map((page) => ({
      ...page,
      id: numberIn(to, page.id),
      parents: page.parents.map(ref),
    })),
    nextPage: pages.length,
    rmap: Object.fromEntries(Object.entries(rmap).map(([gfn, refs]) => [gfn, refs.map(ref)])),
  };
}

export function renumberArch(to: Renumbering, arch: VcpuArch): VcpuArch {
  const root = (info: RootInfo): RootInfo => ({ ...info, hpa: numberIn(to, info.hpa) });
  const mmu = (each: Mmu): Mmu => ({
    ...each,
    cache: { ...each.cache, roots: each.cache.roots.map(root) },
    paeRoot: each.paeRoot.map((page) => (page === null ? null : numberIn(to, page))),
  });
  return {
    ...arch,
    root_mmu: mmu(arch.root_mmu),
    guest_mmu: mmu(arch.guest_mmu),
    hardwareRoot: numberIn(to, arch.hardwareRoot),
  };
}

/** Under shadow paging the cached structures are KVM's own tables. */
export function renumberHeld(to: Renumbering, held: MayHold): MayHold {
  const structures = held.structures.map((word) => {
    const entry = unpackHeld(word);
    return packHeld({ ...entry, frame: numberIn(to, entry.frame) });
  });
  return { ...held, structures: [...new Set(structures)].sort((a, b) => a - b) };
}

const PAGE = /^sp(\d+)(->.*)$/;
const ENTRY = /^->spt\[(\d+)\]$/;

interface OfPage {
  readonly page: number;
  /** Of the SPTE; missing for other words of the page. */
  readonly index?: number;
  readonly rest: string;
}

const known = new WeakMap<Location, OfPage | 'none'>();

function ofPage(location: Location): OfPage | undefined {
  let place = known.get(location);
  if (place === undefined) {
    const [, page, rest] = PAGE.exec(location.name) ?? [];
    const index = rest === undefined ? undefined : ENTRY.exec(rest)?.[1];
    place =
      page === undefined || isTdpMmuPage(Number(page))
        ? 'none'
        : { page: Number(page), index: index === undefined ? undefined : Number(index), rest };
    known.set(location, place);
  }
  return place === 'none' ? undefined : place;
}

/** Words of pages that have been freed say nothing any more. */
export function renumberWords(
  to: Renumbering,
  kvm: Kvm,
  { pages }: MmuState,
  words: ReadonlyMap<Location, number>,
): Map<Location, number> {
  const levels = new Map(pages.map(({ id, role }) => [id, role.level]));
  const result = new Map<Location, number>();
  for (const [location, value] of words) {
    const place = ofPage(location);
    if (place === undefined) {
      result.set(location, value);
      continue;
    }
    const page = to.get(place.page);
    const level = levels.get(place.page);
    if (page === undefined || level === undefined) continue;
    if (place.index === undefined) result.set(kvm.memory.location(`sp${page}${place.rest}`), value);
    else {
      const isLink = isShadowPresentPte(value) && !isLeafSpte(value, level);
      const link = isLink ? relinked(to, value) : value;
      result.set(kvm.spte({ page, index: place.index }, level), link);
    }
  }
  return result;
}

function relinked(to: Renumbering, spte: number): number {
  const child = spteChild(spte);
  return spte - makeNonLeafSpte(child) + makeNonLeafSpte(numberIn(to, child));
}
