/** Write protection of a guest page that is about to be shadowed (KVM-MMU.md A6; P18). */
import { branch, call, choice, guarded, type Site, type Steps } from 'fencepost';
import { isMmuWritableSpte, isWritablePte, rmapOf, withoutWrite } from 'fencepost/mmu';
import type { Kvm } from './kvm.ts';
import * as sites from './sites/index.ts';
import { mmuSpteUpdate, readSpte, shadowPage, sptePointer, type SptePointer } from './sptes.ts';

/**
 * `kvm_mmu_slot_gfn_write_protect()`: every SPTE that maps the page loses W and MMU-writable. True when
 * an MMU-writable one was among them: then a CPU may hold a writable TLB entry, even where W was 0 (C05).
 */
export function* kvmMmuSlotGfnWriteProtect(kvm: Kvm, gfn: number): Steps<boolean> {
  return yield* call(
    'kvm_mmu_slot_gfn_write_protect',
    (function* () {
      let flush = false;
      const state = yield* guarded(kvm.mmuLock);
      for (const { page, index } of rmapOf(state, gfn)) {
        const { role } = yield* shadowPage(kvm, page);
        const sptep = sptePointer(kvm, page, index, role.level);
        // A direct page stands for the TDP MMU, which finds its SPTEs by walking from its roots.
        const test = role.direct ? sites.tdpWriteProtectTest : sites.writeProtectTest;
        if (yield* spteWriteProtect(sptep, test)) flush = true;
      }
      return flush;
    })(),
  );
}

/** `spte_write_protect()` with `pt_protect` */
function* spteWriteProtect(sptep: SptePointer, test: Site): Steps<boolean> {
  const old = yield* readSpte(sptep);
  const spte = yield* branch(old);
  const looksAtBoth = (yield* choice(test)) === 'MMU-writable';
  if (!isWritablePte(spte) && !(looksAtBoth && isMmuWritableSpte(spte))) return false;
  return yield* mmuSpteUpdate(sptep, old, withoutWrite(spte, true));
}
