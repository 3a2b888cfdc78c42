/**
 * What the vendor module's flushes end where L1 has a guest of its own (`vmx_flush_tlb_*()` with EPT and VPID,
 * `svm_flush_tlb_*()`). Under VMX the root tags what is second-level or combined, so that a flush of the context in force
 * spares that of others; under SVM both levels have one ASID.
 */
import { HOLDS_NOTHING, invalidate, type MayHold } from 'fencepost/x86';
import type { VcpuArch } from '../../vm/vcpu.ts';
import type { GuestRun } from '../run.ts';
import type { NestedSetting } from './setting.ts';

const TAG_ONLY = { globals: 'all', structures: 'all' } as const;

/** `root`: what the hardware had when the function was called. */
export function flushNested(
  run: GuestRun,
  vcpu: number,
  nested: NestedSetting,
  fn: string,
  root: number,
): void {
  const now = run.secondLevel[vcpu];
  const { aside } = now;
  const isShared = nested.vendor === 'svm';
  switch (fn) {
    case 'kvm_x86_flush_tlb_all':
      run.hardware[vcpu] = HOLDS_NOTHING;
      run.secondLevel[vcpu] = { ...now, real: HOLDS_NOTHING, aside: { ...aside, real: HOLDS_NOTHING } };
      return;
    case 'kvm_x86_flush_tlb_current': {
      const real = withoutTag(nested, now.real, nested.tables.tagOfReal(root));
      const isOfRunning = isRootOfL2(run.arch(vcpu), root) === (now.l2 !== null);
      if (isShared || isOfRunning) run.hardware[vcpu] = HOLDS_NOTHING;
      const rest = isShared || !isOfRunning ? HOLDS_NOTHING : aside.real;
      run.secondLevel[vcpu] = { ...now, real, aside: { ...aside, real: rest } };
      return;
    }
    case 'kvm_x86_flush_tlb_guest': {
      run.hardware[vcpu] = HOLDS_NOTHING;
      const real = isShared ? withoutTag(nested, now.real, nested.tables.tagOfReal(root)) : now.real;
      const rest = isShared || !nested.hasVpid ? HOLDS_NOTHING : aside.real;
      run.secondLevel[vcpu] = { ...now, real, aside: { ...aside, real: rest } };
      return;
    }
    case 'vpid_sync_context':
      // L1 is running, so that what is L2's is aside.
      run.secondLevel[vcpu] = { ...now, aside: { ...aside, real: HOLDS_NOTHING } };
  }
}

/** Linear translations of the level that does not run, on a host without EPT. */
export function flushAside(run: GuestRun, vcpu: number, { hasVpid }: NestedSetting, fn: string): void {
  const isOfBoth = fn === 'kvm_x86_flush_tlb_all' || fn === 'vpid_sync_context';
  const isOfContext = fn === 'kvm_x86_flush_tlb_current' || fn === 'kvm_x86_flush_tlb_guest';
  if (!isOfBoth && (hasVpid || !isOfContext)) return;
  const now = run.secondLevel[vcpu];
  run.secondLevel[vcpu] = { ...now, aside: { ...now.aside, real: HOLDS_NOTHING } };
}

function isRootOfL2({ root_mmu, guest_mmu }: VcpuArch, root: number): boolean {
  const roots = [...root_mmu.cache.roots, ...guest_mmu.cache.roots];
  return roots.find(({ hpa }) => hpa === root)?.role?.guestMode === true;
}

function withoutTag({ watched }: NestedSetting, held: MayHold, tag: number): MayHold {
  return invalidate(held, watched, [], { tag, ...TAG_ONLY });
}
