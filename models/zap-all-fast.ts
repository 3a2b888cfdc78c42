/** `kvm_mmu_zap_all_fast()`: all shadow pages become obsolete at once (KVM-MMU.md A12, P12, P13). */
import {
  branch,
  call,
  choice,
  guarded,
  readPlain,
  writeLock,
  writePlain,
  writeUnlock,
  type Steps,
} from 'fencepost';
import { KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, type Kvm } from './kvm.ts';
import { isObsoleteSp } from './page-hash.ts';
import { kvmMakeAllCpusRequest } from './requests.ts';
import { zapAllRequest } from './sites/zap-all-fast.ts';
import { commitZapPage, prepareZapPage } from './zap.ts';

export function kvmMmuZapAllFast(kvm: Kvm): Steps {
  return call('kvm_mmu_zap_all_fast', zapAllFast(kvm));
}

/**
 * The generation and the request are of one section of mmu_lock. The request is waited for, so that no vCPU
 * runs on a root of the old generation when the pages go, and none of them needs a flush of its own.
 */
function* zapAllFast(kvm: Kvm): Steps {
  const place = yield* choice(zapAllRequest);
  yield* writeLock(kvm.mmuLock);
  if (place === 'before the generation') yield* kvmMakeAllCpusRequest(kvm, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS);
  const generation = yield* readPlain(kvm.mmuValidGen);
  yield* writePlain(kvm.mmuValidGen, 1 - generation.value, { data: [generation] });
  if (place === 'behind the generation') yield* kvmMakeAllCpusRequest(kvm, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS);
  yield* call('kvm_zap_obsolete_pages', zapObsoletePages(kvm));
  yield* writeUnlock(kvm.mmuLock);
}

/** Oldest first, up to the first page of the new generation; without a pause, since nobody else wants the lock here. */
function* zapObsoletePages(kvm: Kvm): Steps {
  const invalidList: number[] = [];
  const { pages } = yield* guarded(kvm.mmuLock);
  for (const { id } of pages) {
    if (!(yield* isObsoleteSp(kvm, id))) break;
    const invalid = yield* readPlain(kvm.roleInvalid(id));
    if ((yield* branch(invalid)) === 0) yield* prepareZapPage(kvm, id, invalidList);
  }
  yield* commitZapPage(kvm, invalidList);
}
