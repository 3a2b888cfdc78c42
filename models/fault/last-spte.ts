/**
 * The SPTE at which a walk of KVM's tables ends, without mmu_lock: `fast_pf_get_last_sptep()` and `get_mmio_spte()`
 * (KVM-MMU.md A14). What keeps the tables there meanwhile is P04's concern.
 */
import { branch, readOnce, type Read, type Steps } from 'fencepost';
import { indexAt, isLeafSpte, isShadowPresentPte, spteChild } from 'fencepost/mmu';
import type { LoadedRoot } from './faultin.ts';
import { paeIndex } from '../vm/paging-geometry.ts';
import type { Vcpu } from '../vm/kvm.ts';
import { sptePointer, type SptePointer } from '../shadow/sptes.ts';
import { mmuOf } from '../vm/vcpu.ts';

export interface LastSpte {
  readonly sptep: SptePointer;
  readonly spte: number;
}

export function* lastSpteOf(vcpu: Vcpu, root: LoadedRoot, page: number): Steps<LastSpte> {
  const { kvm } = vcpu;
  const { level: rootLevel } = (yield* mmuOf(vcpu)).rootRole;
  const isPage = typeof root === 'number';
  let id = isPage ? root : (root[paeIndex(kvm, page)] ?? 0);
  const via: Read[] = [];
  for (let level = isPage ? rootLevel : rootLevel - 1; ; level--) {
    const sptep = sptePointer(kvm, id, indexAt(page, level, kvm.entries), level, [...via]);
    const read = yield* readOnce(sptep.location, { addr: via });
    const spte = yield* branch(read);
    if (!isShadowPresentPte(spte) || isLeafSpte(spte, level)) return { sptep, spte };
    via.push(read);
    id = spteChild(spte);
  }
}
