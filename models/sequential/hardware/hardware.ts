/**
 * The processor that runs the guest, as far as translations go: what it makes of the tables that KVM gives it, and
 * what it may still hold of them. Kept as the superset of all TLBs that a real one could have (KVM-MMU.md D1):
 * filled after every operation, emptied by nothing but a flush.
 */
import { wordAt, type Concrete, type Location } from 'fencepost';
import {
  ACC_ALL,
  findPage,
  isLeafSpte,
  isShadowPresentPte,
  isTdpMmuPage,
  makeNonLeafSpte,
  SHADOW_NONPRESENT_VALUE,
  SPECIAL_ROOT,
  spteAccess,
  spteChild,
  sptePfn,
  type MmuState,
} from 'fencepost/mmu';
import {
  EFER_LMA,
  EFER_LME,
  EFER_NX,
  pagingModeOf,
  X86_CR0_PE,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR4_PAE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  type AccessRegisters,
  type AddressSpace,
  type ReadEntry,
  type Registers,
  type TableFormat,
} from 'fencepost/x86';
import type { Kvm } from '../../vm/kvm.ts';
import { PDPTES } from '../../vm/paging-geometry.ts';
import { tdpMmuOf } from '../../tdp/tdp-mmu.ts';
import type { VcpuArch } from '../../vm/vcpu.ts';

/** How the hardware reads SPTEs. KVM sets A in all of them, and D where it sets W. */
function spteFormat(indexBits: readonly number[]): TableFormat {
  return {
    indexBits,
    kindOf: (word, level) =>
      isShadowPresentPte(word) ? (isLeafSpte(word, level) ? 'page' : 'table') : 'not-present',
    accessOf: (word, level) => (isLeafSpte(word, level) ? spteAccess(word) : ACC_ALL),
    isAccessed: () => true,
    isDirty: () => true,
    isGlobal: () => false,
    frameOf: (word) => sptePfn(word),
    keyOf: () => 0,
    withAccessed: (word) => word,
  };
}

/**
 * KVM's tables from the root that the hardware of a vCPU has; undefined: the root is gone. The entries of a PAE root are
 * loaded into registers with every guest entry (SDM vol. 3C, 27.3.2.4).
 */
export function shadowSpace(kvm: Kvm, state: MmuState, arch: VcpuArch): AddressSpace | undefined {
  const { hardwareRoot: root } = arch;
  const bits = Math.log2(kvm.entries);
  if (root === SPECIAL_ROOT) {
    const { paeRoot } = arch[arch.mmu];
    const topEntries = paeRoot.map((id) => (id === null ? SHADOW_NONPRESENT_VALUE : makeNonLeafSpte(id)));
    if (topEntries.length === 0) return undefined;
    return { format: spteFormat([bits, bits, Math.log2(PDPTES)]), root, topEntries };
  }
  const page = findPage(state, root);
  if (page === undefined) return undefined;
  return { format: spteFormat(Array<number>(page.role.level).fill(bits)), root };
}

/** The tables of the TDP MMU from a root that the hardware of a vCPU has; undefined: there is no such root. */
export function tdpSpace(kvm: Kvm, concrete: Concrete, root: number): AddressSpace | undefined {
  const tdp = tdpMmuOf(kvm);
  if (tdp === undefined || !isTdpMmuPage(root)) return undefined;
  if (wordAt(concrete, tdp.tables.role(root)) === 0) return undefined;
  const { entries, rootLevel } = tdp.tree;
  return { format: spteFormat(Array<number>(rootLevel).fill(Math.log2(entries))), root };
}

const sptes = new WeakMap<Kvm, Location[][]>();

/** The SPTE's location: asking for a name costs more than the access. */
export function spteAt(kvm: Kvm, page: number, index: number, level: number): Location {
  let pages = sptes.get(kvm);
  if (pages === undefined) {
    pages = [];
    sptes.set(kvm, pages);
  }
  const entries = (pages[page] ??= []);
  return (entries[index] ??= kvm.spte({ page, index }, level));
}

/** Reads SPTEs; a table that has been freed has none. */
export function readSptes(kvm: Kvm, state: MmuState, concrete: Concrete): ReadEntry {
  const tdp = tdpMmuOf(kvm);
  return (table, index) => {
    if (tdp !== undefined && isTdpMmuPage(table)) return wordAt(concrete, tdp.tables.spte(table, index));
    const page = findPage(state, table);
    return page === undefined ? 0 : wordAt(concrete, spteAt(kvm, table, index, page.role.level));
  };
}

/** Reads the guest's own tables. */
export function readGuest(kvm: Kvm, concrete: Concrete): ReadEntry {
  return (gfn, index) => wordAt(concrete, kvm.guest.pte(gfn, index));
}

/**
 * What the hardware checks SPTEs with under shadow paging: CR0.WP and EFER.NX are always set, SMEP and SMAP are the
 * guest's while it pages (`vmx_set_cr0()`, `vmx_set_cr4()`).
 */
export function shadowRegisters(guest: Registers): AccessRegisters {
  const isPaging = pagingModeOf(guest) !== 'off';
  return {
    cr0: X86_CR0_PE | X86_CR0_PG | X86_CR0_WP,
    cr4: X86_CR4_PAE | (isPaging ? guest.cr4 & (X86_CR4_SMEP | X86_CR4_SMAP) : 0),
    efer: EFER_LME | EFER_LMA | EFER_NX,
    eflags: guest.eflags,
    pkru: 0,
  };
}

export function isMapped(space: AddressSpace, gfn: number, read: ReadEntry): boolean {
  return isShadowPresentPte(directSpte(space, gfn, read));
}

/** The direct SPTE that maps a guest frame, or 0. */
export function directSpte(space: AddressSpace, gfn: number, read: ReadEntry): number {
  const { indexBits } = space.format;
  const entries = 2 ** indexBits[0];
  let table = space.root;
  for (let level = indexBits.length; ; level--) {
    const spte = read(table, Math.floor(gfn / entries ** (level - 1)) % entries);
    if (!isShadowPresentPte(spte) || isLeafSpte(spte, level)) return spte;
    table = spteChild(spte);
  }
}
