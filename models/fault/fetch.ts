/** Building the shadow path of a fault, under mmu_lock: `FNAME(fetch)` (KVM-MMU.md A3; P07). */
import { branch, call, choice, fail, readPlain, smpMb, type Read, type Steps } from 'fencepost';
import {
  childRole,
  indexAt,
  isLargePte,
  isShadowPresentPte,
  makeNonLeafSpte,
  PG_LEVEL_4K,
  sameRole,
  spteChild,
  type GuestAccess,
} from 'fencepost/mmu';
import type { LoadedRoot } from './faultin.ts';
import { childGpteChanged, readNeighbours, topGpteChanged, type GuestWalker } from './guest-walk.ts';
import { KVM_REQ_MMU_SYNC, type Kvm, type Vcpu } from '../vm/kvm.ts';
import { mmuSetSpte } from './map.ts';
import type { FaultOutcome } from './page-fault.ts';
import { paeIndex } from '../vm/paging-geometry.ts';
import { ptePrefetch } from './prefetch.ts';
import { kvmMakeRequest } from '../entry/requests.ts';
import { clearWriteFlooding, kvmMmuGetShadowPage } from '../shadow/shadow-page.ts';
import { childAccessFrom, getChildSpKeep, linkMarkUnsync, linkSyncChildren } from '../sites/index.ts';
import {
  dropParentPte,
  readSpte,
  recordParent,
  setSpte,
  shadowPage,
  sptePointer,
  type SptePointer,
} from '../shadow/sptes.ts';
import { kvmSyncPage, mmuSyncChildren } from '../shadow/sync.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';
import { markUnsync } from '../shadow/unsync.ts';
import { hasUnsyncChildren } from '../shadow/unsync-walk.ts';
import { remoteFlushOrZap, zapPte } from '../zap/zap.ts';

/**
 * `FNAME(fetch)`: at each level the child page comes first, which accounts and write-protects the guest table
 * behind it; then the entry inside that table is read again; only then is the child linked (P07).
 */
export function* fetch(
  vcpu: Vcpu,
  root: LoadedRoot,
  gw: GuestWalker,
  access: GuestAccess,
): Steps<FaultOutcome> {
  const { kvm } = vcpu;
  if (yield* topGpteChanged(vcpu, gw)) return 'retry';
  let sptep = yield* firstSpte(kvm, root, gw.page);
  let neighbours: ReadonlyMap<number, Read> = new Map();
  while (sptep.level > gw.level) {
    yield* clearWriteFlooding(kvm, sptep.page);
    const child = yield* call('kvm_mmu_get_child_sp', getChildSp(vcpu, sptep, gw));
    if (child !== undefined && !(yield* syncBeforeLink(vcpu, child.id))) return 'retry';
    if (yield* childGpteChanged(vcpu, gw, sptep.level - 1)) return 'retry';
    if (sptep.level - 1 === PG_LEVEL_4K && kvm.has('prefetch')) {
      neighbours = yield* call('gpte_changed', readNeighbours(vcpu, gw));
    }
    // What leads to the child: the guest entries that name its table.
    const from = gw.ptes.slice(sptep.level);
    if (child !== undefined) yield* call('link_shadow_page', link(vcpu, sptep, child, from));
    sptep = yield* nextSpte(kvm, sptep, gw.page);
  }
  sptep = yield* descendDirect(vcpu, sptep, gw, yield* goalLevel(kvm, gw));
  const outcome = yield* call('mmu_set_spte', mmuSetSpte(kvm, sptep, { ...gw, isWrite: access.write }));
  if (kvm.has('prefetch')) yield* call('pte_prefetch', ptePrefetch(vcpu, sptep, neighbours));
  return outcome;
}

/** `shadow_walk_init()` */
export function* firstSpte(kvm: Kvm, root: LoadedRoot, page: number): Steps<SptePointer> {
  const id = typeof root === 'number' ? root : root[paeIndex(kvm, page)];
  if (id === undefined)
    return yield* fail('has-root', `walks to page ${page}, for which there is no PAE root`);
  const { level } = (yield* shadowPage(kvm, id)).role;
  return sptePointer(kvm, id, indexAt(page, level, kvm.entries), level);
}

/** `shadow_walk_next()`: into the child of an SPTE that has just been linked or was found present. */
export function* nextSpte(kvm: Kvm, sptep: SptePointer, page: number): Steps<SptePointer> {
  const next = yield* readSpte(sptep);
  yield* branch(next);
  const level = sptep.level - 1;
  return sptePointer(kvm, spteChild(next.value), indexAt(page, level, kvm.entries), level, [next]);
}

/**
 * `kvm_mmu_hugepage_adjust()`: the level to map at. A large page of the guest is mapped by huge SPTEs where the host has
 * huge pages too and no shadowed table lies inside; mmu_lock keeps both as they are.
 */
function* goalLevel(kvm: Kvm, { level, gfn }: GuestWalker): Steps<number> {
  if (level === PG_LEVEL_4K || !kvm.hugePages) return PG_LEVEL_4K;
  const disallow = yield* call('kvm_mmu_hugepage_adjust', readPlain(kvm.disallowLpage(gfn)));
  return (yield* branch(disallow)) === 0 ? level : PG_LEVEL_4K;
}

/**
 * Below a large page of the guest: direct pages down to what the host maps. One for other rights goes first
 * (`validate_direct_spte()`).
 */
function* descendDirect(vcpu: Vcpu, from: SptePointer, gw: GuestWalker, goal: number): Steps<SptePointer> {
  let sptep = from;
  while (sptep.level > goal) {
    yield* clearWriteFlooding(vcpu.kvm, sptep.page);
    yield* call('validate_direct_spte', validateDirect(vcpu.kvm, sptep, gw.pteAccess));
    sptep = yield* descendToDirectChild(vcpu, sptep, gw);
  }
  return sptep;
}

/** What a direct path is built for: a frame, and the rights of everything below. */
export interface DirectTarget {
  readonly page: number;
  readonly gfn: number;
  readonly pteAccess: number;
  readonly ptes: readonly Read[];
}

/** One level down in a direct path, which is made where it is missing. */
export function* descendToDirectChild(
  vcpu: Vcpu,
  sptep: SptePointer,
  target: DirectTarget,
): Steps<SptePointer> {
  const { kvm } = vcpu;
  const span = kvm.entries ** (sptep.level - 1);
  const gfn = target.gfn - (target.gfn % span);
  const wanted = { gfn, direct: true, access: target.pteAccess };
  const child = yield* call('kvm_mmu_get_child_sp', getChild(vcpu, sptep, wanted));
  if (child !== undefined) {
    const from = target.ptes.filter((read) => read !== undefined);
    yield* call('link_shadow_page', link(vcpu, sptep, child, from));
  }
  return yield* nextSpte(kvm, sptep, target.page);
}

function* validateDirect(kvm: Kvm, sptep: SptePointer, access: number): Steps {
  const old = yield* readSpte(sptep);
  if (!isShadowPresentPte(yield* branch(old)) || isLargePte(old.value)) return;
  const child = yield* shadowPage(kvm, spteChild(old.value));
  if (child.role.access === access) return;
  yield* dropParentPte(kvm, sptep, child.id);
  yield* kvmFlushRemoteTlbs(kvm);
}

/**
 * A page with unsync tables below is synchronised before it is linked: hardware of any vCPU may walk the
 * link at once, and the guest need not flush for an entry that becomes present (C03). False: not now.
 */
function* syncBeforeLink(vcpu: Vcpu, child: number): Steps<boolean> {
  if (!vcpu.kvm.has('unsync') || !(yield* hasUnsyncChildren(vcpu.kvm, child))) return true;
  if ((yield* choice(linkSyncChildren)) === 'mmu_sync_children()') {
    return yield* mmuSyncChildren(vcpu, child, false);
  }
  yield* kvmMakeRequest(vcpu, KVM_REQ_MMU_SYNC);
  return true;
}

/** A child to link, and what the SPTE held before. */
interface NewChild {
  readonly id: number;
  readonly old: Read;
}

/** The page to be found at an SPTE. */
interface WantedChild {
  readonly gfn: number;
  readonly direct: boolean;
  readonly access: number;
}

function* getChildSp(vcpu: Vcpu, sptep: SptePointer, gw: GuestWalker): Steps<NewChild | undefined> {
  const level = sptep.level - 1;
  const access = yield* childAccess(gw, level);
  return yield* getChild(vcpu, sptep, { gfn: gw.tableGfn[level], direct: false, access });
}

/** The rights along the path to the child's table; a table between the first and the last once got those of the last (C35). */
function* childAccess({ level: last, topLevel, ptAccess }: GuestWalker, level: number): Steps<number> {
  const isBetween = level > last && level < topLevel;
  const isOwn = !isBetween || (yield* choice(childAccessFrom)) === 'its own path';
  return ptAccess[isOwn ? level : last];
}

/** `kvm_mmu_get_child_sp()`; undefined: -EEXIST, the SPTE is present and is kept. */
function* getChild(vcpu: Vcpu, sptep: SptePointer, wanted: WantedChild): Steps<NewChild | undefined> {
  const { kvm } = vcpu;
  const old = yield* readSpte(sptep);
  const spte = yield* branch(old);
  const { gfn } = wanted;
  const parent = yield* shadowPage(kvm, sptep.page);
  const role = childRole(parent.role, wanted.direct, wanted.access, sptep.index);
  if (isShadowPresentPte(spte) && !isLargePte(spte)) {
    const keep = yield* choice(getChildSpKeep);
    const child = yield* shadowPage(kvm, spteChild(spte));
    const isRight = child.gfn === gfn && (keep === 'same gfn' || sameRole(child.role, role));
    if (keep === 'present' || isRight) return undefined;
  }
  return { id: yield* kvmMmuGetShadowPage(vcpu, gfn, role), old };
}

/**
 * `link_shadow_page()`: an SPTE that was not kept goes first, with what hung on it (C27); then the new one,
 * then the child's list of parents.
 */
function* link(vcpu: Vcpu, sptep: SptePointer, { id, old }: NewChild, from: readonly Read[]): Steps {
  const { kvm } = vcpu;
  if (isShadowPresentPte(old.value)) {
    const invalidList: number[] = [];
    yield* call('mmu_page_zap_pte', zapPte(kvm, sptep, old, invalidList));
    yield* remoteFlushOrZap(kvm, invalidList, true);
  }
  if (!kvm.has('unsync')) {
    yield* setSpte(sptep, makeNonLeafSpte(id), from);
    yield* recordParent(kvm, sptep, id);
    return;
  }
  const order = yield* choice(linkMarkUnsync);
  if (order === 'mark, smp_mb(), sync, link' && (yield* markIfUnsync(kvm, sptep, id))) {
    // A flush that has missed the mark came before it, so its writes are seen now.
    yield* smpMb(linkMarkUnsync);
    if ((yield* kvmSyncPage(vcpu, id, [])) === 'flush') yield* kvmFlushRemoteTlbs(kvm);
  }
  yield* setSpte(sptep, makeNonLeafSpte(id), from);
  yield* recordParent(kvm, sptep, id);
  if (order === 'mark') yield* markIfUnsync(kvm, sptep, id);
}

function* markIfUnsync(kvm: Kvm, sptep: SptePointer, child: number): Steps<boolean> {
  if (!(yield* isOrHasUnsync(kvm, child))) return false;
  yield* call('mark_unsync', markUnsync(kvm, sptep));
  return true;
}

function* isOrHasUnsync(kvm: Kvm, id: number): Steps<boolean> {
  if (yield* hasUnsyncChildren(kvm, id)) return true;
  return (yield* branch(yield* readPlain(kvm.unsync(id)))) !== 0;
}
