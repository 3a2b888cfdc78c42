/** Zapping shadow pages under mmu_lock held for write (KVM-MMU.md A12). */
import {
  branch,
  call,
  choice,
  guarded,
  readPlain,
  update,
  writeLock,
  writePlain,
  writeUnlock,
  type Read,
  type Steps,
} from 'fencepost';
import {
  findPage,
  hasGptes,
  isLeafSpte,
  isShadowPresentPte,
  PG_LEVEL_4K,
  removePage,
  SHADOW_NONPRESENT_VALUE,
  spteChild,
  type ShadowPage,
} from 'fencepost/mmu';
import { KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, type Kvm } from '../vm/kvm.ts';
import { unaccountShadowed } from '../shadow/account-shadowed.ts';
import { isObsoleteSp, pagesWithGptesInHash } from '../vm/page-hash.ts';
import { kvmMakeAllCpusRequest, type RequestFences } from '../entry/requests.ts';
import * as sites from '../sites/index.ts';
import {
  dropParentPte,
  readSpte,
  shadowPage,
  sptePointer,
  mmuPageZapPte,
  type SptePointer,
} from '../shadow/sptes.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';
import { clearParents, mmuUnsyncWalk } from '../shadow/unsync-walk.ts';

/**
 * `__kvm_mmu_prepare_zap_page()`: children unlinked, parents unlinked, unaccounted, invalid: in this order,
 * so the SPTEs are gone before the count drops. No TLB is flushed here. Pages without a root count are
 * put on the invalid list for the commit.
 */
export function prepareZapPage(kvm: Kvm, id: number, invalidList: number[]): Steps {
  return call('__kvm_mmu_prepare_zap_page', prepareZap(kvm, id, invalidList));
}

function* prepareZap(kvm: Kvm, id: number, invalidList: number[]): Steps {
  const page = yield* shadowPage(kvm, id);
  yield* call('mmu_zap_unsync_children', zapUnsyncChildren(kvm, page, invalidList));
  yield* call('kvm_mmu_page_unlink_children', unlinkChildren(kvm, page, invalidList));
  yield* call('kvm_mmu_unlink_parents', unlinkParents(kvm, id));
  const invalid = yield* readPlain(kvm.roleInvalid(id));
  const wasInvalid = (yield* branch(invalid)) !== 0;
  if (!wasInvalid && hasGptes(page)) yield* call('unaccount_shadowed', unaccountShadowed(kvm, page));
  yield* call('kvm_unlink_unsync_page', clearUnsync(kvm, page));
  const isRoot = page.rootCount > 0;
  // Who made the root obsolete has asked for it to be freed.
  const asks = isRoot && !(yield* isObsoleteSp(kvm, id));
  if ((yield* choice(sites.prepareZapInvalidate)) === 'skip') return;
  if (!isRoot) invalidList.push(id);
  // The request comes after the mark, so that whoever serves it sees the root as obsolete (P12).
  const asksFirst = asks && (yield* choice(sites.prepareZapRequest)) === 'before role.invalid';
  if (asksFirst) yield* kvmMakeAllCpusRequest(kvm, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS);
  yield* writePlain(kvm.roleInvalid(id), 1);
  if (asks && !asksFirst) yield* kvmMakeAllCpusRequest(kvm, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS);
}

/** Unsync tables below go with an upper page: nobody would find them to synchronise them. */
function* zapUnsyncChildren(kvm: Kvm, { id, role }: ShadowPage, invalidList: number[]): Steps {
  if (role.level === PG_LEVEL_4K || role.direct || !kvm.has('unsync')) return;
  for (;;) {
    const leaves = yield* mmuUnsyncWalk(kvm, id);
    if (leaves.length === 0) return;
    for (const leaf of leaves) {
      yield* prepareZapPage(kvm, leaf.id, invalidList);
      yield* clearParents(kvm, leaf);
    }
  }
}

function* clearUnsync(kvm: Kvm, { id, role }: ShadowPage): Steps {
  if (role.level > PG_LEVEL_4K || role.direct || !kvm.has('unsync')) return;
  const unsync = yield* readPlain(kvm.unsync(id));
  if ((yield* branch(unsync)) !== 0) yield* writePlain(kvm.unsync(id), 0);
}

function* unlinkChildren(kvm: Kvm, { id, role }: ShadowPage, invalidList: number[]): Steps {
  if ((yield* choice(sites.zapClearSptes)) === 'skip') return;
  for (let index = 0; index < kvm.entries; index++) {
    const sptep = sptePointer(kvm, id, index, role.level);
    const old = yield* readSpte(sptep);
    if ((yield* branch(old)) !== SHADOW_NONPRESENT_VALUE) yield* zapPte(kvm, sptep, old, invalidList);
  }
}

/**
 * `mmu_page_zap_pte()` of an SPTE that is not 0 with an invalid list: a child that served a nested guest is zapped
 * with its last parent where the host has TDP (2de4085cccea, v5.10).
 */
export function* zapPte(kvm: Kvm, sptep: SptePointer, old: Read, invalidList: number[]): Steps {
  yield* mmuPageZapPte(kvm, sptep, old);
  if (!isShadowPresentPte(old.value) || isLeafSpte(old.value, sptep.level)) return;
  const child = yield* shadowPage(kvm, spteChild(old.value));
  const isNestedTdp = kvm.host.tdpEnabled && child.role.guestMode;
  if (isNestedTdp && child.parents.length === 0) yield* prepareZapPage(kvm, child.id, invalidList);
}

function* unlinkParents(kvm: Kvm, id: number): Steps {
  if ((yield* choice(sites.prepareZapUnlinkParents)) === 'skip') return;
  for (;;) {
    const state = yield* guarded(kvm.mmuLock);
    const parent = findPage(state, id)?.parents.at(0);
    if (parent === undefined) return;
    const { role } = yield* shadowPage(kvm, parent.page);
    yield* dropParentPte(kvm, sptePointer(kvm, parent.page, parent.index, role.level), id);
  }
}

/** `kvm_mmu_commit_zap_page()`: the remote flush, then the pages are freed. */
export function* commitZapPage(kvm: Kvm, invalidList: readonly number[], fences?: RequestFences): Steps {
  if (invalidList.length === 0) return;
  yield* call('kvm_mmu_commit_zap_page', commit(kvm, invalidList, fences));
}

function* commit(kvm: Kvm, invalidList: readonly number[], fences?: RequestFences): Steps {
  yield* kvmFlushRemoteTlbs(kvm, fences);
  yield* update(kvm.mmuLock, (state) => {
    for (const id of invalidList) removePage(state, id);
  });
}

/** `kvm_mmu_remote_flush_or_zap()` */
export function* remoteFlushOrZap(kvm: Kvm, invalidList: readonly number[], flush: boolean): Steps {
  if (invalidList.length > 0) yield* commitZapPage(kvm, invalidList);
  else if (flush) yield* kvmFlushRemoteTlbs(kvm);
}

/** `kvm_mmu_unprotect_page()`: zaps whatever shadows the frame, so that the guest may write it again. */
export function unprotectPage(kvm: Kvm, gfn: number): Steps {
  return call('kvm_mmu_unprotect_page', unprotect(kvm, gfn));
}

function* unprotect(kvm: Kvm, gfn: number): Steps {
  const invalidList: number[] = [];
  yield* writeLock(kvm.mmuLock);
  for (const { id } of yield* pagesWithGptesInHash(kvm, gfn)) {
    if (!(yield* isObsoleteSp(kvm, id))) yield* prepareZapPage(kvm, id, invalidList);
  }
  yield* commitZapPage(kvm, invalidList);
  yield* writeUnlock(kvm.mmuLock);
}

/** `mmu_shrink_scan()`: under memory pressure the host zaps the oldest pages of a VM (until v6.14). */
export function mmuShrinkScan(kvm: Kvm, pages: number): Steps {
  return call('mmu_shrink_scan', shrink(kvm, pages));
}

function* shrink(kvm: Kvm, pages: number): Steps {
  yield* writeLock(kvm.mmuLock);
  yield* call('kvm_mmu_zap_oldest_mmu_pages', zapOldestMmuPages(kvm, pages));
  yield* writeUnlock(kvm.mmuLock);
}

/** Pages that are loaded as roots stay; what a page takes along counts. */
export function* zapOldestMmuPages(kvm: Kvm, pages: number): Steps {
  const invalidList: number[] = [];
  const { pages: oldestFirst } = yield* guarded(kvm.mmuLock);
  for (const { id, rootCount } of oldestFirst) {
    if (invalidList.length >= pages) break;
    if (rootCount === 0 && !invalidList.includes(id)) yield* prepareZapPage(kvm, id, invalidList);
  }
  yield* commitZapPage(kvm, invalidList);
}
