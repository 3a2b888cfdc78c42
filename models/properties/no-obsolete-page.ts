import type { Property } from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';

/**
 * P13 when every zap has ended: a page that was not zapped is of the current generation. One that is not would be
 * passed over by the hash and by the stale check, and its SPTEs by the flush that it was spared.
 */
export function noObsoletePage(kvm: Kvm): Property {
  return {
    name: 'no-obsolete-page',
    doc: 'every shadow page that was not zapped has the generation of kvm->arch.mmu_valid_gen',
    check(final) {
      const current = final.value(kvm.mmuValidGen);
      for (const { id } of final.state(kvm.mmuLock).pages) {
        if (final.value(kvm.roleInvalid(id)) !== 0) continue;
        const generation = final.value(kvm.spMmuValidGen(id));
        if (generation !== current)
          return `sp${id} is of generation ${generation}, the VM of ${current}, and nobody zaps it any more`;
      }
      return undefined;
    },
  };
}
