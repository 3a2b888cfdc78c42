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
import { KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, type Kvm } from '../vm/kvm.ts';
import { dropAndRetake, needsBreak } from '../vm/lock-break.ts';
import { isObsoleteSp } from '../vm/page-hash.ts';
import { kvmMakeAllCpusRequest } from '../entry/requests.ts';
import { zapAllRequest } from '../sites/zap-all-fast.ts';
import { invalidateRoots, zapInvalidatedRoots } from '../tdp/invalid-roots.ts';
import { tdpMmuOf } from '../tdp/tdp-mmu.ts';
import { commitZapPage, prepareZapPage } from './zap.ts';

export function kvmMmuZapAllFast(kvm: Kvm): Steps {
  return call('kvm_mmu_zap_all_fast', zapAllFast(kvm));
}

/**
 * The generation and the request are of one section of mmu_lock. The request is waited for, so that no vCPU
 * runs on a root of the old generation when the pages go, and none of them needs a flush of its own. Roots of the TDP
 * MMU are invalidated in the same section and zapped behind it.
 */
function* zapAllFast(kvm: Kvm): Steps {
  const place = yield* choice(zapAllRequest);
  const tdp = tdpMmuOf(kvm);
  yield* writeLock(kvm.mmuLock);
  if (place === 'before the generation') yield* kvmMakeAllCpusRequest(kvm, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS);
  const generation = yield* readPlain(kvm.mmuValidGen);
  yield* writePlain(kvm.mmuValidGen, 1 - generation.value, { data: [generation] });
  if (tdp !== undefined) yield* invalidateRoots(tdp);
  if (place === 'in the next section') yield* dropAndRetake(kvm);
  if (place === 'behind the generation' || place === 'in the next section')
    yield* kvmMakeAllCpusRequest(kvm, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS);
  yield* call('kvm_zap_obsolete_pages', zapObsoletePages(kvm));
  yield* writeUnlock(kvm.mmuLock);
  if (tdp !== undefined) yield* zapInvalidatedRoots(tdp);
}

/**
 * Oldest first, up to the first page of the new generation. Between two pages the lock may be dropped, and the list is
 * begun anew; the kernel does so after ten pages, here one is enough.
 */
function* zapObsoletePages(kvm: Kvm): Steps {
  const invalidList: number[] = [];
  let hasBroken = false;
  for (let next = yield* oldestObsolete(kvm); next !== undefined; next = yield* oldestObsolete(kvm)) {
    if (!hasBroken && (yield* needsBreak(kvm))) {
      yield* dropAndRetake(kvm);
      hasBroken = true;
      continue;
    }
    yield* prepareZapPage(kvm, next, invalidList);
    hasBroken = false;
  }
  yield* commitZapPage(kvm, invalidList);
}

/** The first page of the list that is still to be zapped; undefined: the next one is of the new generation. */
function* oldestObsolete(kvm: Kvm): Steps<number | undefined> {
  const { pages } = yield* guarded(kvm.mmuLock);
  for (const { id } of pages) {
    if (!(yield* isObsoleteSp(kvm, id))) return undefined;
    const invalid = yield* readPlain(kvm.roleInvalid(id));
    if ((yield* branch(invalid)) === 0) return id;
  }
  return undefined;
}
