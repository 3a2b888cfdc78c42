import type { Property } from 'fencepost';
import { isLargePte, isShadowPresentPte } from 'fencepost/mmu';
import { ROOT, type TdpTables } from '../tdp/tables.ts';

/** P35: the list holds the table that keeps a huge page away as long as it is linked, and no longer. */
export function nxListLinked(tables: TdpTables, table: number): Property {
  return {
    name: 'no-use-after-free',
    doc: 'a table is in possible_nx_huge_pages if and only if it is linked',
    check(final) {
      const upper = final.value(tables.spte(ROOT, 0));
      const isLinked = isShadowPresentPte(upper) && !isLargePte(upper);
      const isListed = tables.nx !== undefined && final.value(tables.nx.list) === table;
      if (isListed === isLinked) return undefined;
      return isListed
        ? `possible_nx_huge_pages holds sp${table}, which was zapped`
        : `sp${table} keeps a huge page away, and possible_nx_huge_pages does not hold it`;
    },
  };
}
