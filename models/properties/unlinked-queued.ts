import type { Property } from 'fencepost';
import { isLargePte, isShadowPresentPte } from 'fencepost/mmu';
import { ROOT, type TdpTables } from '../tdp/tables.ts';

/** A table that was linked in entry 0 of the root and is not any more is on its way to be freed. */
export function unlinkedQueued(tables: TdpTables, table: number): Property {
  return {
    name: 'no-leak',
    doc: 'a table that is not linked any more is freed, or will be by an RCU callback',
    check(final) {
      const upper = final.value(tables.spte(ROOT, 0));
      if (isShadowPresentPte(upper) && !isLargePte(upper)) return undefined;
      const isGone =
        final.value(tables.callback(table).queued) !== 0 || final.value(tables.freed(table)) !== 0;
      return isGone ? undefined : `sp${table} is not linked, and nobody frees it`;
    },
  };
}
