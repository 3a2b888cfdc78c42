/** L1 runs L2, and invalidates what its processor holds of the tables that it has made for L2 (KVM-MMU.md A9, A11). */
import {
  afterWrite,
  HOLDS_NOTHING,
  invalidate,
  secondLevelInvalidatedBy,
  type Registers,
  type SecondLevelOperation,
} from 'fencepost/x86';
import type { Steps } from 'fencepost';
import type { Vcpu } from '../../../vm/kvm.ts';
import {
  enterNestedSvm,
  enterNestedVmx,
  exitNestedSvm,
  exitNestedVmx,
  handleInvept,
  handleInvvpid,
} from '../../../nested/nested.ts';
import { pgdFrame } from '../../../vm/vcpu.ts';
import { nestedRoot } from '../../nested/fill.ts';
import type { RunningL2 } from '../../nested/held.ts';
import type { NestedSetting } from '../../nested/setting.ts';
import { ASID } from '../../nested/tables.ts';
import type { GuestRun } from '../../run.ts';
import { Violated } from '../../judge/violated.ts';
import type { L2Entry } from '../../worlds/world.ts';
import { sameRegisters } from '../execute.ts';

export function nestedOf(run: GuestRun): NestedSetting {
  const { nested } = run.setting;
  if (nested === undefined) throw new Error('the world has no nested guests');
  return nested;
}

/** VMLAUNCH, VMRESUME or VMRUN. */
export function enterL2(run: GuestRun, vcpu: number, entry: L2Entry): void {
  const nested = nestedOf(run);
  if (nested.vendor === 'svm') {
    const tlbControl = entry.flushes === true ? 3 : 0;
    const asid = nested.tables.tagOf(pgdFrame(entry.pgd ?? 0));
    invalidateAllowed(run, vcpu, { op: 'vmrun', tlbControl, asid });
  }
  const { registers: l1 } = run.processors[vcpu];
  switchLevel(run, vcpu, nested.registers, { entry, l1 });
  const { kvm } = run.setting;
  run.run(vcpu, `enter L2 ${JSON.stringify(entry)}`, () => enter(kvm.vcpus[vcpu], nested, entry));
  judgeRegisters(run, vcpu);
}

function enter(
  vcpu: Vcpu,
  { vendor, registers, ept: features }: NestedSetting,
  { pgd, vpid }: L2Entry,
): Steps {
  if (vendor === 'svm') return enterNestedSvm(vcpu, registers, pgd);
  const { accessedDirty, executeOnly: execonly } = features;
  const level = vcpu.kvm.host.tdpLevel;
  const ept = pgd === undefined ? undefined : { eptp: pgd, level, accessedDirty, execonly };
  return enterNestedVmx(vcpu, { registers, ept, vpid });
}

/** An exit of L2 that L1 asked for. */
export function exitL2(run: GuestRun, vcpu: number): void {
  const nested = nestedOf(run);
  const exit = nested.vendor === 'svm' ? exitNestedSvm : exitNestedVmx;
  leaveL2(run, vcpu, 'exit to L1', exit);
}

/** Back to L1 by a path of KVM's. */
export function leaveL2(run: GuestRun, vcpu: number, name: string, path: (vcpu: Vcpu) => Steps): void {
  const { l2 } = run.secondLevel[vcpu];
  if (l2 === null) throw new Error('L2 does not run');
  const root = nestedRoot(run, vcpu);
  const { kvm, strict } = run.setting;
  // Under SVM every transition flushes, so nothing is left to be milder about.
  const isMild = strict !== true && nestedOf(run).vendor === 'vmx';
  if (root !== undefined && isMild) keepWalking(run, vcpu, root);
  switchLevel(run, vcpu, l2.l1, null);
  run.run(vcpu, name, () => path(kvm.vcpus[vcpu]));
  judgeRegisters(run, vcpu);
}

/** KVM's shadow pages serve every root and vCPU alike, so what L1 has left goes on being walked. */
function keepWalking(run: GuestRun, vcpu: number, root: number): void {
  const now = run.secondLevel[vcpu];
  const kept = [...new Set([...now.kept, root])].sort((a, b) => a - b);
  run.secondLevel[vcpu] = { ...now, kept };
}

/**
 * The other level's registers, and its linear translations. Where both have the same VPID the transition ends all of
 * them (SDM vol. 3C, "Operations that Invalidate Cached Mappings").
 */
function switchLevel(run: GuestRun, vcpu: number, registers: Registers, l2: RunningL2 | null): void {
  const { machine, remembered } = run.setting;
  const { vendor } = nestedOf(run);
  const now = run.secondLevel[vcpu];
  const left = linearTag(vendor, now.l2);
  const vpid = linearTag(vendor, l2);
  const { held: leaves } = run.processors[vcpu];
  const all = left === vpid ? now.aside.allowed : { ...now.aside.allowed, [left]: leaves };
  const { [vpid]: held = HOLDS_NOTHING, ...allowed } = all;
  const processor = { registers, held };
  const aside = { allowed, real: run.hardware[vcpu] };
  run.hardware[vcpu] = now.aside.real;
  run.secondLevel[vcpu] = { ...now, l2, aside };
  run.processors[vcpu] = remembered.sameProcessor(afterWrite(machine, processor, run.readGuest));
}

/** The VPID or ASID by which L1 knows the linear translations of who runs; its own is 0. */
function linearTag(vendor: NestedSetting['vendor'], l2: RunningL2 | null): number {
  if (l2 === null) return 0;
  return vendor === 'svm' ? ASID : (l2.entry.vpid ?? 0);
}

function judgeRegisters(run: GuestRun, vcpu: number): void {
  if (sameRegisters(run.arch(vcpu).registers, run.processors[vcpu].registers)) return;
  throw new Violated('registers', `vCPU ${vcpu} has wrong registers`);
}

/** INVEPT by L1, of one EPTP or of all. */
export function invept(run: GuestRun, vcpu: number, eptp?: number): void {
  const { kvm } = run.setting;
  const all = { op: 'invept', type: 2 } as const;
  invalidateAllowed(run, vcpu, eptp === undefined ? all : { op: 'invept', type: 1, root: pgdFrame(eptp) });
  run.run(vcpu, `INVEPT ${eptp ?? 'all'}`, () => handleInvept(kvm.vcpus[vcpu], eptp));
}

/** INVVPID by L1, of one VPID. */
export function invvpid(run: GuestRun, vcpu: number, vpid: number): void {
  const now = run.secondLevel[vcpu];
  const { [vpid]: _, ...allowed } = now.aside.allowed;
  run.secondLevel[vcpu] = { ...now, aside: { ...now.aside, allowed } };
  run.run(vcpu, 'INVVPID', () => handleInvvpid(run.setting.kvm.vcpus[vcpu]));
}

/** What the architecture no longer allows of guest-physical mappings. */
export function invalidateAllowed(run: GuestRun, vcpu: number, operation: SecondLevelOperation): void {
  const { tables, watched } = nestedOf(run);
  const now = run.secondLevel[vcpu];
  const root = nestedRoot(run, vcpu) ?? 0;
  const invalidations = secondLevelInvalidatedBy(tables.tagOf(root), operation);
  const { indexBits } = tables.space(root).format;
  const allowed = invalidations.reduce(
    (rest, each) => invalidate(rest, watched, indexBits, each),
    now.allowed,
  );
  const isGone = (each: number): boolean =>
    invalidations.some(
      ({ tag, page }) => page === undefined && (tag ?? tables.tagOf(each)) === tables.tagOf(each),
    );
  run.secondLevel[vcpu] = { ...now, allowed, kept: now.kept.filter((each) => !isGone(each)) };
}
