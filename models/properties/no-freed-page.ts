import type { Property } from 'fencepost';
import { isShadowPresentPte, sptePfn } from 'fencepost/mmu';
import type { DirectMapping } from '../fault/direct-fault.ts';

/** I6 for host pages: what the host has replaced is free, and no SPTE may map it when all is done. */
export function noFreedPage({ hostPte, sptep }: DirectMapping): Property {
  return {
    name: 'no-use-after-free',
    doc: 'no SPTE maps a page that the host has taken away',
    check(final) {
      const spte = final.value(sptep);
      if (!isShadowPresentPte(spte) || sptePfn(spte) === final.value(hostPte)) return undefined;
      return `${sptep.name} maps pfn${sptePfn(spte)}, which the host has freed: ${hostPte.name} is pfn${final.value(hostPte)}`;
    },
  };
}
