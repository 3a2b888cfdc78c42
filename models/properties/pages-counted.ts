import type { Property } from 'fencepost';
import { isFrozenSpte, isLargePte, isShadowPresentPte, spteChild } from 'fencepost/mmu';
import { ROOT, type TdpTables } from '../tdp/tables.ts';

/**
 * I5 and I12 for the TDP MMU: what is mapped is what the statistics count; a leaf that somebody overwrites, or that is
 * installed in a table which nobody will look at again, makes the difference. Nothing stays frozen in a linked table.
 */
export function pagesCounted(tables: TdpTables): Property {
  return {
    name: 'counts-balanced',
    doc: 'kvm->stat.pages counts the leaf SPTEs that are linked, and none of them is frozen',
    check(final) {
      const upper = final.value(tables.spte(ROOT, 0));
      const isTable = isShadowPresentPte(upper) && !isLargePte(upper);
      const leaf = isTable ? final.value(tables.spte(spteChild(upper), 0)) : upper;
      if (isFrozenSpte(upper) || isFrozenSpte(leaf)) return 'an SPTE is frozen for ever';
      const [mapped, counted] = [isShadowPresentPte(leaf) ? 1 : 0, final.value(tables.pagesMapped)];
      return mapped === counted ? undefined : `${mapped} pages are mapped, and ${counted} are counted`;
    },
  };
}
