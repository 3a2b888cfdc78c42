/** The change_pte notifier: the host replaces a page by one that is mapped read-only (KVM-MMU.md A17, C07). */
import {
  branch,
  call,
  choice,
  readOnce,
  writeLock,
  writeUnlock,
  xchg,
  type Location,
  type Property,
  type Steps,
} from 'fencepost';
import { isShadowPresentPte, isWritablePte, withoutHostWritable, withoutWrite, withPfn } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { changedPteBits } from '../sites/changed-pte.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** `kvm_mmu_notifier_change_pte()` of a page that same-page merging has replaced; its host PTE has no W any more. */
export function changedPte(kvm: Kvm, sptep: Location, pfn: number): Steps {
  return call('kvm_mmu_notifier_change_pte', change(kvm, sptep, pfn));
}

function* change(kvm: Kvm, sptep: Location, pfn: number): Steps {
  yield* writeLock(kvm.mmuLock);
  const old = yield* readOnce(sptep);
  if (isShadowPresentPte(yield* branch(old))) {
    const clearsMmuWritable = (yield* choice(changedPteBits)) !== 'host-writable';
    const spte = withoutHostWritable(withoutWrite(withPfn(old.value, pfn), clearsMmuWritable));
    yield* xchg(sptep, spte, undefined, { data: [old] });
    yield* kvmFlushRemoteTlbs(kvm);
  }
  yield* writeUnlock(kvm.mmuLock);
}

/** What the host maps read-only, as all pages are that were merged, the guest must not write. */
export function mergedPageReadOnly(sptep: Location): Property {
  return {
    name: 'host-rights-kept',
    doc: 'no SPTE lets the guest write a page that the host has mapped read-only',
    check: (final) =>
      isWritablePte(final.value(sptep))
        ? `${sptep.name} lets the guest write a page that the host shares`
        : undefined,
  };
}
