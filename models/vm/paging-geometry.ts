/** How a VM of small tables splits the guest's addresses (SDM vol. 3A, 4.3 to 4.5). */
import { PDPTE_LEVEL, type PagingGeometry } from 'fencepost/x86';
import type { Kvm } from './kvm.ts';

/** Entries of a PAE root, each for a quarter of the address space (SDM vol. 3A, 4.4.1). */
export const PDPTES = 4;

/** Tables of 4-byte entries have twice as many; what a small host lacks of PAE paging's levels is its top table. */
export function pagingGeometry({ host, entries }: Kvm): PagingGeometry {
  const bits = Math.log2(entries);
  const levels = (count: number, each = bits): readonly number[] => Array<number>(count).fill(each);
  const pae = levels(host.levels.pae);
  return {
    off: [],
    '2-level': levels(host.levels['2-level'], bits + 1),
    pae: pae.length === PDPTE_LEVEL ? [...pae.slice(1), Math.log2(PDPTES)] : pae,
    '4-level': levels(host.levels['4-level']),
    '5-level': levels(host.levels['5-level']),
  };
}

/** Which entry of a PAE root leads to a page. */
export function paeIndex({ entries }: Pick<Kvm, 'entries'>, page: number): number {
  return Math.floor(page / entries ** (PDPTE_LEVEL - 1)) % PDPTES;
}
