/**
 * The TDP MMU of a VM: its list of roots, and tables that grow with what the guest touches (KVM-MMU.md A15, P28). Tables
 * are named by their places, so two tasks must not make one for the same place at a time; the sequential guest uses it.
 */
import type { Location } from 'fencepost';
import { TdpTree } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { zapOnLastPut } from './invalid-roots.ts';
import { TdpRoots } from './roots.ts';
import { TdpTables } from './tables.ts';

export class TdpMmu {
  readonly kvm: Kvm;
  readonly tree: TdpTree;
  readonly tables: TdpTables;
  readonly roots: TdpRoots;

  constructor(kvm: Kvm) {
    this.kvm = kvm;
    this.tree = new TdpTree(kvm.entries, kvm.host.tdpLevel);
    this.tables = new TdpTables({ sptes: {} }, kvm, this.tree);
    this.roots = new TdpRoots([], kvm, (root) => zapOnLastPut(this, root));
  }

  /** `root->tdp_mmu_scheduled_root_to_zap` */
  scheduledToZap(root: number): Location {
    return this.kvm.memory.location(`root${root}->tdp_mmu_scheduled_root_to_zap`);
  }
}

const known = new WeakMap<Kvm, TdpMmu>();

/** Undefined: if the VM has direct tables, they are those of the shadow MMU. */
export function tdpMmuOf(kvm: Kvm): TdpMmu | undefined {
  if (!kvm.host.tdpMmuEnabled) return undefined;
  let tdp = known.get(kvm);
  if (tdp === undefined) {
    tdp = new TdpMmu(kvm);
    known.set(kvm, tdp);
  }
  return tdp;
}
