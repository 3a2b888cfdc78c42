/** KVM's software walk of the guest's page tables, and its re-reads (KVM-MMU.md A2, A3; P07, P39). */
import { branch, call, choice, type Read, type Steps } from 'fencepost';
import {
  ACC_ALL,
  accessErrorCode,
  gpteFormat,
  gpteFrame,
  guestIndex,
  guestSpan,
  hasReservedBits,
  isLastGpte,
  isPresentGpte,
  isSmapLifted,
  permissionFault,
  PG_LEVEL_4K,
  SMALL_PAGING,
  type GuestAccess,
  type GuestPaging,
} from 'fencepost/mmu';
import { PFERR_PRESENT_MASK, PFERR_RSVD_MASK } from 'fencepost/x86';
import { getUser, tryCmpxchgUser } from '../vm/guest-memory.ts';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { paeIndex } from '../vm/paging-geometry.ts';
import { gpteChangedAfterAccount, gpteChangedTop, implicitAccess } from '../sites/index.ts';
import { markPageDirtyInSlot } from '../vm/slots.ts';

/** The guest's page tables as the vCPU has them set up: CR3 and the paging mode. */
export interface GuestTables {
  /** Frame of the top table. */
  readonly root: number;
  /** In PAE mode the four entries that MOV CR3 has loaded; the walk starts from them. */
  readonly pdptes?: readonly number[];
  readonly paging: GuestPaging;
}

/** What worlds have whose vCPUs never change CR3 or the paging mode. */
export function fixedTables({ guestRoot }: Vcpu): GuestTables {
  return { root: guestRoot, paging: SMALL_PAGING };
}

/** A walk to be done: what the guest accesses, how, through which tables. */
export interface GuestFault {
  readonly page: number;
  readonly access: GuestAccess;
  readonly tables: GuestTables;
}

/** `struct guest_walker`; arrays by level, so entry 0 is unused. */
export interface GuestWalker {
  readonly page: number;
  readonly paging: GuestPaging;
  /** The level of the first table read. */
  readonly topLevel: number;
  /** `gw->level`: where the walk ended. */
  readonly level: number;
  readonly tableGfn: readonly number[];
  /** Rights along the path to the table of the level. */
  readonly ptAccess: readonly number[];
  readonly ptes: readonly Read[];
  /** Rights and frame of the whole translation. */
  readonly pteAccess: number;
  readonly gfn: number;
}

/** The guest gets a #PF of its own, or L1 an EPT violation. */
export interface GuestPageFault {
  readonly errorCode: number;
  /** EPT: of the path until there; 0 where it ends with an entry that is not present. */
  readonly rights?: number;
}

/** `FNAME(walk_addr)` of a page of guest address space, without mmu_lock. */
export function walkAddr(vcpu: Vcpu, fault: GuestFault): Steps<GuestWalker | GuestPageFault> {
  return call('walk_addr_generic', walkUntilStable(vcpu.kvm, fault));
}

/** From the top again whenever an A or D update finds that the guest has changed the entry. */
function* walkUntilStable(kvm: Kvm, asked: GuestFault): Steps<GuestWalker | GuestPageFault> {
  const fault = { ...asked, access: yield* toldImplicit(asked) };
  for (;;) {
    const walk = yield* walkOnce(kvm, fault);
    if ('errorCode' in walk) return walk;
    if (!needsUpdate(walk, fault.access)) return walk;
    const updated = yield* call('update_accessed_dirty_bits', updateAccessedDirty(kvm, walk, fault.access));
    if (updated !== undefined) return updated;
  }
}

/** Asked only where the answer counts. */
function* toldImplicit({ access, tables: { paging } }: GuestFault): Steps<GuestAccess> {
  if (!isSmapLifted(paging, access) || (yield* choice(implicitAccess)) !== 'CPL 3') return access;
  return { ...access, implicit: access.cpl3 };
}

function* walkOnce({ guest, entries }: Kvm, fault: GuestFault): Steps<GuestWalker | GuestPageFault> {
  const { page, access: wanted, tables } = fault;
  const { paging } = tables;
  const format = gpteFormat(paging);
  const inject = (cause: number, rights = 0): GuestPageFault => ({
    errorCode: cause | accessErrorCode(paging, wanted),
    ...(paging.ept === true && { rights }),
  });
  const tableGfn: number[] = [];
  const ptAccess: number[] = [];
  const ptes: Read[] = [];
  const path: Read[] = [];
  let access = ACC_ALL;
  const top = topTable(tables, paeIndex({ entries }, page));
  if (top === undefined) return inject(0);
  let { gfn } = top;
  for (let { level } = top; ; level--) {
    tableGfn[level] = gfn;
    ptAccess[level] = access;
    const pte = guest.pte(gfn, guestIndex(paging, page, level, entries));
    const read = yield* getUser(pte, `gw->ptes[${level - 1}]`, { addr: [...path] });
    ptes[level] = read;
    path.push(read);
    const gpte = yield* branch(read);
    if (!format.isPresent(gpte)) return inject(0);
    if (hasReservedBits(paging, gpte, level, entries)) return inject(PFERR_RSVD_MASK | PFERR_PRESENT_MASK);
    access &= format.access(gpte);
    gfn = gpteFrame(gpte);
    if (!isLastGpte(paging, gpte, level)) continue;
    const denied = permissionFault(paging, wanted, access, gpte);
    if (denied !== 0) return inject(denied, access);
    gfn += page % guestSpan(paging, level, entries);
    const pteAccess = wanted.write === true ? access : format.protectClean(access, gpte);
    return { page, paging, topLevel: top.level, level, tableGfn, ptAccess, ptes, pteAccess, gfn };
  }
}

/** Where the walk starts; undefined: a PDPTE that is not present. */
function topTable(
  { root, pdptes, paging }: GuestTables,
  index: number,
): { readonly gfn: number; readonly level: number } | undefined {
  if (pdptes === undefined) return { gfn: root, level: paging.levels };
  const pdpte = pdptes[index] ?? 0;
  return isPresentGpte(pdpte) ? { gfn: gpteFrame(pdpte), level: paging.levels - 1 } : undefined;
}

/** Whether the processor would set a bit on this walk: A in every entry, D in the last one for a write. */
function needsUpdate({ paging, ptes, level }: GuestWalker, { write }: GuestAccess): boolean {
  const { accessed, dirty } = gpteFormat(paging);
  const isUsed = ptes.every(({ value }) => (value & accessed) === accessed);
  return !isUsed || (write === true && (ptes[level].value & dirty) !== dirty);
}

/**
 * `update_accessed_dirty_bits()`: a user cmpxchg of each entry, so that a store of the guest in between is
 * not lost (P39). Undefined: one failed, and the walk begins anew.
 */
function* updateAccessedDirty(
  kvm: Kvm,
  walk: GuestWalker,
  { write }: GuestAccess,
): Steps<GuestWalker | undefined> {
  const { page, paging, tableGfn } = walk;
  const format = gpteFormat(paging);
  const ptes = [...walk.ptes];
  for (let level = walk.topLevel; level >= walk.level; level--) {
    const { value } = ptes[level];
    const dirty = level === walk.level && write === true ? format.dirty : 0;
    const updated = value | format.accessed | dirty;
    if (updated === value) continue;
    const pte = kvm.guest.pte(tableGfn[level], guestIndex(paging, page, level, kvm.entries));
    const found = yield* tryCmpxchgUser(pte, value, updated);
    yield* branch(found);
    if (!found.ok) return undefined;
    yield* markPageDirtyInSlot(kvm, tableGfn[level]);
    ptes[level] = { value: updated, at: found.at };
  }
  return { ...walk, ptes };
}

/**
 * `FNAME(gpte_changed)`: re-reads the entry of one level under mmu_lock.
 */
function* gpteChanged(
  { kvm }: Vcpu,
  gw: GuestWalker,
  level: number,
  site: typeof gpteChangedTop,
): Steps<boolean> {
  if ((yield* choice(site)) === 'skip') return false;
  const pte = kvm.guest.pte(gw.tableGfn[level], guestIndex(gw.paging, gw.page, level, kvm.entries));
  const via = gw.ptes.slice(level + 1);
  const now = yield* getUser(pte, 'curr_pte', { addr: via, site });
  return (yield* branch(now, gw.ptes[level])) !== gw.ptes[level].value;
}

/** The check at the top of fetch: a root page is write-tracked, or it has become invalid. */
export function topGpteChanged(vcpu: Vcpu, gw: GuestWalker): Steps<boolean> {
  return call('gpte_changed', gpteChanged(vcpu, gw, gw.topLevel, gpteChangedTop));
}

/** The check of the entry inside a table whose shadow page has just been obtained. */
export function childGpteChanged(vcpu: Vcpu, gw: GuestWalker, level: number): Steps<boolean> {
  return call('gpte_changed', gpteChanged(vcpu, gw, level, gpteChangedAfterAccount));
}

/** The block that `FNAME(gpte_changed)` reads at the last level, by index of the guest table. */
export function* readNeighbours({ kvm }: Vcpu, gw: GuestWalker): Steps<ReadonlyMap<number, Read>> {
  const block = new Map<number, Read>();
  const own = guestIndex(gw.paging, gw.page, PG_LEVEL_4K, kvm.entries);
  const size = Math.min(PTE_PREFETCH_NUM, kvm.entries);
  const first = own - (own % size);
  for (let index = first; index < first + size; index++) {
    if (index === own) continue;
    const pte = kvm.guest.pte(gw.tableGfn[PG_LEVEL_4K], index);
    block.set(index, yield* getUser(pte, 'gw->prefetch_ptes[]', { addr: gw.ptes.slice(PG_LEVEL_4K + 1) }));
  }
  return block;
}

const PTE_PREFETCH_NUM = 8;
