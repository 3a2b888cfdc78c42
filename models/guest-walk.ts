/** KVM's software walk of the guest's page tables, and its re-reads (KVM-MMU.md A2, A3; P07). */
import { branch, call, choice, type Read, type Site, type Steps } from 'fencepost';
import {
  ACC_ALL,
  gpteAccess,
  gpteFrame,
  GUEST_ROOT_LEVEL,
  indexAt,
  isAccessedGpte,
  isPresentGpte,
  PG_LEVEL_4K,
} from 'fencepost/mmu';
import { getUser } from './guest-memory.ts';
import type { Vcpu } from './kvm.ts';
import { gpteChangedAfterAccount, gpteChangedTop } from './sites/index.ts';

/** `struct guest_walker`; arrays by level, so entry 0 is unused. */
export interface GuestWalker {
  readonly page: number;
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

/**
 * `FNAME(walk_addr)` of a page of guest address space, without mmu_lock. Undefined: the guest gets a #PF
 * of its own. A and D bits are set in every world, so there is no write back to guest memory.
 */
export function walkAddr(vcpu: Vcpu, page: number): Steps<GuestWalker | undefined> {
  return call('walk_addr_generic', walk(vcpu, page));
}

function* walk({ kvm, guestRoot }: Vcpu, page: number): Steps<GuestWalker | undefined> {
  const tableGfn: number[] = [];
  const ptAccess: number[] = [];
  const ptes: Read[] = [];
  let access = ACC_ALL;
  let gfn = guestRoot;
  const path: Read[] = [];
  for (let level = GUEST_ROOT_LEVEL; level >= PG_LEVEL_4K; level--) {
    tableGfn[level] = gfn;
    ptAccess[level] = access;
    const pte = kvm.guest.pte(gfn, indexAt(page, level));
    const read = yield* getUser(pte, `gw->ptes[${level - 1}]`, { addr: [...path] });
    ptes[level] = read;
    path.push(read);
    const gpte = yield* branch(read);
    if (!isPresentGpte(gpte)) return undefined;
    if (!isAccessedGpte(gpte)) throw new Error(`${pte.name} must have its A bit set in this slice`);
    access &= gpteAccess(gpte);
    gfn = gpteFrame(gpte);
  }
  return { page, level: PG_LEVEL_4K, tableGfn, ptAccess, ptes, pteAccess: access, gfn };
}

/**
 * `FNAME(gpte_changed)`: re-reads the entry of one level under mmu_lock. At the last level the kernel reads
 * the block of entries around it for its prefetch; the neighbours are not present in these worlds.
 */
function* gpteChanged({ kvm }: Vcpu, gw: GuestWalker, level: number, site: Site): Steps<boolean> {
  if ((yield* choice(site)) === 'skip') return false;
  const pte = kvm.guest.pte(gw.tableGfn[level], indexAt(gw.page, level));
  const via = gw.ptes.slice(level + 1);
  const now = yield* getUser(pte, 'curr_pte', { addr: via, site });
  return (yield* branch(now, gw.ptes[level])) !== gw.ptes[level].value;
}

/** The check at the top of fetch: a root page is write-tracked, or it has become invalid. */
export function topGpteChanged(vcpu: Vcpu, gw: GuestWalker): Steps<boolean> {
  return call('gpte_changed', gpteChanged(vcpu, gw, GUEST_ROOT_LEVEL, gpteChangedTop));
}

/** The check of the entry inside a table whose shadow page has just been obtained. */
export function childGpteChanged(vcpu: Vcpu, gw: GuestWalker, level: number): Steps<boolean> {
  return call('gpte_changed', gpteChanged(vcpu, gw, level, gpteChangedAfterAccount));
}
