import type { Property } from 'fencepost';
import type { TdpMmu } from '../tdp/tdp-mmu.ts';

/** The list of TDP MMU roots when each of the vCPUs has taken one of the same role. */
export function oneRootPerRole({ roots }: TdpMmu, vcpus: number): Property {
  return {
    name: 'one-root-per-role',
    doc: 'vCPUs of one role share one root, which is in the list, with a reference for each of them and one for the TDP MMU',
    check(final) {
      const root = final.value(roots.next(0));
      if (root === 0) return 'no root is in the list';
      const isAlone = final.value(roots.next(root)) === 0 && final.value(roots.previous(0)) === root;
      if (!isAlone) return 'two roots of one role were added to the list';
      const count = final.value(roots.count(root));
      return count === vcpus + 1 ? undefined : `${roots.count(root).name} is ${count}, with ${vcpus} vCPUs`;
    },
  };
}
