/** What each operation does: to the guest as the architecture has it, to the hardware, and through KVM. */
import { wordAt } from 'fencepost';
import { isWritablePte, PFERR_PRESENT, PFERR_RSVD, type GuestAccess } from 'fencepost/mmu';
import {
  accessPage,
  accessResult,
  afterOperation,
  afterWrite,
  completes,
  currentPcid,
  pagingModeOf,
  permits,
  usableTranslations,
  walkTables,
  type Access,
  type Operation,
  type Registers,
} from 'fencepost/x86';
import type { Steps } from 'fencepost';
import { directPageFault } from '../direct-map.ts';
import { emulatorWritePhys } from '../emulated-write.ts';
import { kvmHandleInvpcid, kvmSetCr3 } from '../guest-flush.ts';
import { guestOperation } from '../guest-operation.ts';
import { walkAddr } from '../guest-walk.ts';
import { guestTables } from '../init-mmu.ts';
import { kvmInjectEmulatedPageFault } from '../inject-page-fault.ts';
import type { Vcpu } from '../kvm.ts';
import { handlePageFault, type FaultResult } from '../page-fault.ts';
import { enterSmm, leaveSmm } from '../registers.ts';
import { loadedRoot, mmuOf } from '../vcpu.ts';
import { mmuShrinkScan, unprotectPage } from '../zap.ts';
import { directSpte, readSptes, shadowRegisters } from './hardware.ts';
import { judgeEmulated, judgeFault } from './judge.ts';
import { keptAfter } from './kept-roots.ts';
import type { GuestOperation } from './operation.ts';
import type { GuestRun } from './run.ts';
import { Violated } from './violated.ts';

/** False: the operation is not possible here, or leaves everything as it is. */
export function perform(run: GuestRun, operation: GuestOperation): boolean {
  switch (operation.kind) {
    case 'access':
      return access(run, operation.vcpu, operation.page, operation.access) !== 'nothing';
    case 'store':
      return operation.held === true ? storeByHeld(run, operation) : storeByWalk(run, operation);
    case 'execute':
      return executeOperation(run, operation);
    case 'emulate':
      return emulate(run, operation.vcpu, operation.page, operation.access);
    case 'smi':
    case 'rsm':
      switchSmm(run, operation.vcpu, operation.kind === 'smi');
      return true;
    case 'host': {
      const { kvm } = run.setting;
      const isShrink = operation.what === 'mmu_shrink_scan';
      run.run(0, JSON.stringify(operation), () =>
        isShrink ? mmuShrinkScan(kvm, 1) : unprotectPage(kvm, operation.gfn),
      );
      return true;
    }
  }
}

type Store = Extract<GuestOperation, { kind: 'store' }>;

/** What an access came to: it needed nothing, it completed, it was KVM's to emulate, or the guest got a #PF. */
type Outcome = 'nothing' | 'completed' | 'emulated' | 'fault';

/** How often an access may fault before it counts as endless: R6. */
const TRIES = 8;

/** Faults until the hardware lets the access through, with the tables that it walks now. */
function access(run: GuestRun, vcpu: number, page: number, how: Access): Outcome {
  for (let tries = 0; tries < TRIES; tries++) {
    const missing = run.setting.kvm.host.tdpEnabled
      ? walkInTwoDimensions(run, vcpu, page, how)
      : walkShadow(run, vcpu, page, how);
    if (missing === 'completed') return tries === 0 ? 'nothing' : 'completed';
    if (missing === 'fault') return 'fault';
    const result = run.run(vcpu, missing.name, missing.handle);
    if (result.outcome === 'inject') {
      giveFault(run, vcpu, page, how, result.errorCode ?? 0);
      return 'fault';
    }
    run.settle(vcpu);
    if (result.outcome === 'emulate') return 'emulated';
  }
  throw new Violated('no-livelock', `vCPU ${vcpu} faults on page ${page} without end`);
}

interface Missing {
  readonly name: string;
  readonly handle: () => Steps<FaultResult>;
}

function walkShadow(run: GuestRun, vcpu: number, page: number, how: Access): Missing | 'completed' {
  const { kvm } = run.setting;
  const { registers } = run.arch(vcpu);
  const walked = walkTables(run.rootSpace(vcpu), page, run.reader(vcpu));
  const present = walked.kind === 'translation';
  if (present && permits(walked.translation, how, shadowRegisters(registers))) return 'completed';
  const access = { ...faultAccess(how), present };
  // Which handler there is was settled when the MMU was initialised.
  const arch = run.arch(vcpu);
  const isPaging = !arch[arch.mmu].cpuRole.base.direct;
  return {
    name: `fault ${page} ${accessName(access)} ${isPaging}`,
    handle: () => shadowFault(kvm.vcpus[vcpu], page, access, isPaging),
  };
}

function* shadowFault(vcpu: Vcpu, page: number, access: GuestAccess, isPaging: boolean): Steps<FaultResult> {
  const root = loadedRoot(yield* mmuOf(vcpu));
  if (root === undefined) return { outcome: 'retry' };
  if (!isPaging) return { outcome: yield* directPageFault(vcpu, root, page, access) };
  return yield* handlePageFault(vcpu, root, page, access, yield* guestTables(vcpu));
}

function accessName({ write, fetch, user, present }: GuestAccess): string {
  return [write, fetch, user, present].map(Number).join('');
}

function faultAccess({ kind, user }: Access): GuestAccess {
  return { write: kind === 'write', fetch: kind === 'fetch', user };
}

/**
 * Under TDP the hardware walks the guest's tables by itself, sets A and D in them, and delivers the guest's faults;
 * only frames that its second-level tables lack exit.
 */
function walkInTwoDimensions(
  run: GuestRun,
  vcpu: number,
  page: number,
  how: Access,
): Missing | 'completed' | 'fault' {
  const { kvm, machine } = run.setting;
  const { registers } = run.arch(vcpu);
  const direct = run.rootSpace(vcpu);
  const sptes = readSptes(kvm, run.mmu, run.concrete);
  let lacking: { readonly gfn: number; readonly access: GuestAccess } | undefined;
  const touch = (gfn: number, write: boolean): void => {
    const spte = directSpte(direct, gfn, sptes);
    if (lacking === undefined && (spte === 0 || (write && !isWritablePte(spte))))
      lacking = { gfn, access: { write, present: spte !== 0 } };
  };
  const guest = run.readGuest;
  const result = accessPage(registers, machine.geometry, page, how, (gfn, index) => {
    touch(gfn, false);
    return lacking === undefined ? guest(gfn, index) : 0;
  });
  if (result.kind === 'done') {
    for (const { table } of result.updates) touch(table, true);
    touch(result.frame, how.kind === 'write');
  }
  if (lacking !== undefined) {
    const { gfn, access } = lacking;
    const handle = (): Steps<FaultResult> => tdpFault(kvm.vcpus[vcpu], gfn, access);
    return { name: `tdp fault ${gfn} ${accessName(access)}`, handle };
  }
  if (result.kind === 'fault') {
    executeArchitecture(run, vcpu, { op: 'page-fault', page });
    run.executeInHardware(vcpu, { op: 'page-fault', page });
    return 'fault';
  }
  for (const { table, index, to } of result.updates) run.concrete.words.set(kvm.guest.pte(table, index), to);
  return 'completed';
}

function* tdpFault(vcpu: Vcpu, gfn: number, access: GuestAccess): Steps<FaultResult> {
  const root = loadedRoot(yield* mmuOf(vcpu));
  if (root === undefined) return { outcome: 'retry' };
  return { outcome: yield* directPageFault(vcpu, root, gfn, access) };
}

/**
 * A #PF that KVM gives: it must be the guest's own (R2), and as any #PF it invalidates its address. KVM leaves out
 * faults that found nothing present, so a guest may read by an old translation after such a fault; that is counted
 * against it only on demand, or every search would end there.
 */
function giveFault(run: GuestRun, vcpu: number, page: number, how: Access, errorCode: number): void {
  judgeFault(run, vcpu, page, how, errorCode);
  const foundPresent = (errorCode & (PFERR_PRESENT | PFERR_RSVD)) === PFERR_PRESENT;
  if (foundPresent || run.setting.strict === true) {
    executeArchitecture(run, vcpu, { op: 'page-fault', page });
  }
  run.page = page;
  run.run(vcpu, `inject ${page} ${errorCode}`, () =>
    kvmInjectEmulatedPageFault(run.setting.kvm.vcpus[vcpu], page, errorCode),
  );
}

const SUPERVISOR_WRITE: Access = { kind: 'write', user: false };

function storeByWalk(run: GuestRun, { vcpu, page, gfn, index, value }: Store): boolean {
  const { kvm, machine } = run.setting;
  const outcome = access(run, vcpu, page, SUPERVISOR_WRITE);
  if (outcome === 'fault') return true;
  const { registers } = run.arch(vcpu);
  const pte = kvm.guest.pte(gfn, index);
  if (outcome === 'emulated') {
    run.run(vcpu, `write ${gfn} ${index} ${value}`, () =>
      emulatorWritePhys(kvm.vcpus[vcpu], { gfn, index }, value),
    );
    if (wordAt(run.concrete, pte) !== value) throw new Violated('store-done', `${pte.name} keeps its value`);
    return true;
  }
  // The page may have come to map another frame, which holds no table of this world.
  const frame = kvm.host.tdpEnabled
    ? accessPage(registers, machine.geometry, page, SUPERVISOR_WRITE, run.readGuest)
    : accessResultOfShadow(run, vcpu, page);
  if (frame.kind !== 'done' || frame.frame !== gfn) return outcome !== 'nothing';
  if (outcome === 'nothing' && wordAt(run.concrete, pte) === value) return false;
  run.concrete.words.set(pte, value);
  return true;
}

function accessResultOfShadow(run: GuestRun, vcpu: number, page: number): ReturnType<typeof accessResult> {
  const space = run.rootSpace(vcpu);
  const walked = walkTables(space, page, run.reader(vcpu));
  return accessResult(walked, space.format, SUPERVISOR_WRITE, shadowRegisters(run.arch(vcpu).registers));
}

/** Only where the hardware may hold what it would not find by a walk; otherwise it is the same as by a walk. */
function storeByHeld(run: GuestRun, { vcpu, page, gfn, index, value }: Store): boolean {
  const { kvm, machine } = run.setting;
  const pte = kvm.guest.pte(gfn, index);
  if (kvm.host.tdpEnabled || wordAt(run.concrete, pte) === value) return false;
  const { registers } = run.arch(vcpu);
  const checks = shadowRegisters(registers);
  const isWritten = accessResultOfShadow(run, vcpu, page);
  if (isWritten.kind === 'done' && isWritten.frame === gfn) return false;
  const held = usableTranslations(run.hardware[vcpu], machine.pages, page, currentPcid(registers));
  if (!held.some((each) => each.frame === gfn && completes(each, SUPERVISOR_WRITE, checks))) return false;
  run.concrete.words.set(pte, value);
  return true;
}

/** Changes the registers and what the architecture allows; false: the operation raises an exception. */
function executeArchitecture(run: GuestRun, vcpu: number, operation: Operation): boolean {
  const { machine, remembered, strict } = run.setting;
  const before = run.processors[vcpu].registers;
  const processor = remembered.sameProcessor(run.processors[vcpu]);
  const name = `operation ${remembered.identities.numberOf(processor)} ${JSON.stringify(operation)}`;
  const step = remembered.byReads(name, run.readGuest, (read) => {
    const after = afterOperation(machine, processor, operation, read);
    return after.kind === 'done' ? { ...after, processor: remembered.sameProcessor(after.processor) } : after;
  });
  if (step.kind !== 'done') return false;
  if (strict !== true) {
    run.kept[vcpu] = keptAfter(run.kept[vcpu], before, operation, step.processor.registers);
  }
  run.processors[vcpu] = step.processor;
  return true;
}

type Execute = Extract<GuestOperation, { kind: 'execute' }>;

function executeOperation(run: GuestRun, { vcpu: id, operation, exits }: Execute): boolean {
  const { kvm } = run.setting;
  const vcpu = kvm.vcpus[id];
  if ('page' in operation) run.page = operation.page;
  const before = run.hardware[id];
  if (kvm.host.tdpEnabled && exits !== true && !exitsUnderTdp(operation))
    run.executeInHardware(id, operation);
  if (!executeArchitecture(run, id, operation)) {
    run.hardware[id] = before;
    return false;
  }
  const { registers } = run.processors[id];
  const name = JSON.stringify(operation);
  if (exits === true)
    run.run(id, `exit ${name} ${registers.cr3}`, () => carryOut(vcpu, operation, registers));
  else run.run(id, name, () => guestOperation(vcpu, operation));
  if (!sameRegisters(run.arch(id).registers, registers))
    throw new Violated('registers', `vCPU ${id} has wrong registers`);
  return true;
}

function sameRegisters(a: Registers | null, b: Registers | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What KVM does about an operation that it carries out in the guest's place. */
function* carryOut(vcpu: Vcpu, operation: Operation, next: Registers): Steps {
  if (operation.op === 'mov-cr3') yield* kvmSetCr3(vcpu, next, operation.noflush === true);
  else if (operation.op === 'invpcid')
    yield* kvmHandleInvpcid(vcpu, operation.type, operation.pcid, operation.page);
}

/** Writes to CR0, CR4 and EFER exit; the rest the hardware does alone (KVM-MMU.md A9, A11). */
function exitsUnderTdp({ op }: Operation): boolean {
  return op === 'mov-cr0' || op === 'mov-cr4' || op === 'wrmsr-efer';
}

/** SMM replaces registers, and RSM brings them back; no invalidation follows from that for what is allowed. */
function switchSmm(run: GuestRun, vcpu: number, enters: boolean): void {
  const { saved } = run.arch(vcpu);
  const path = enters ? enterSmm : leaveSmm;
  run.run(vcpu, enters ? 'SMI' : 'RSM', () => path(run.setting.kvm.vcpus[vcpu]));
  const { registers, mode } = run.arch(vcpu);
  const isRight = enters ? pagingModeOf(registers) === 'off' : sameRegisters(registers, saved);
  if (mode.smm !== enters || !isRight) throw new Violated('registers', `vCPU ${vcpu} has wrong registers`);
  const processor = { ...run.processors[vcpu], registers };
  const { machine, remembered } = run.setting;
  run.processors[vcpu] = remembered.sameProcessor(afterWrite(machine, processor, run.readGuest));
}

function emulate(run: GuestRun, vcpu: number, page: number, how: Access): boolean {
  const { kvm } = run.setting;
  if (pagingModeOf(run.arch(vcpu).registers) === 'off') return false;
  const access = faultAccess(how);
  const walk = run.run(vcpu, `walk ${page} ${accessName(access)}`, () =>
    emulatedWalk(kvm.vcpus[vcpu], page, access),
  );
  if ('errorCode' in walk) giveFault(run, vcpu, page, how, walk.errorCode);
  else judgeEmulated(run, vcpu, page, how, walk.gfn);
  return true;
}

function* emulatedWalk(vcpu: Vcpu, page: number, access: GuestAccess): ReturnType<typeof walkAddr> {
  return yield* walkAddr(vcpu, { page, access, tables: yield* guestTables(vcpu) });
}
