/** Stores of the guest to its page tables. */
import { wordAt, type Location } from 'fencepost';
import { isWritablePte } from 'fencepost/mmu';
import { accessPage, completes, currentPcid, usableTranslations, type Access } from 'fencepost/x86';
import { emulatorWritePhys } from '../../shadow/emulated-write.ts';
import { directSpte, readSptes, shadowRegisters } from '../hardware/hardware.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from '../judge/violated.ts';
import { access } from './access.ts';
import type { GuestOperation } from './operation.ts';
import { accessResultOfShadow } from './shadow-walk.ts';

type Store = Extract<GuestOperation, { kind: 'store' }>;

const SUPERVISOR_WRITE: Access = { kind: 'write', user: false };

/** Faults until the hardware or KVM stores. */
export function storeByWalk(run: GuestRun, { vcpu, page, gfn, index, value }: Store): boolean {
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
    : accessResultOfShadow(run, vcpu, page, SUPERVISOR_WRITE);
  if (frame.kind !== 'done' || frame.frame !== gfn) return outcome !== 'nothing';
  if (outcome === 'nothing' && wordAt(run.concrete, pte) === value) return false;
  run.concrete.words.set(pte, value);
  return true;
}

/** Only where the hardware may hold what it would not find by a walk; otherwise it is the same as by a walk. */
export function storeByHeld(run: GuestRun, { vcpu, page, gfn, index, value }: Store): boolean {
  const { kvm, machine } = run.setting;
  const pte = kvm.guest.pte(gfn, index);
  if (wordAt(run.concrete, pte) === value) return false;
  if (kvm.host.tdpEnabled) return storeBySecondLevel(run, vcpu, gfn, pte, value);
  const { registers } = run.arch(vcpu);
  const checks = shadowRegisters(registers);
  const isWritten = accessResultOfShadow(run, vcpu, page, SUPERVISOR_WRITE);
  if (isWritten.kind === 'done' && isWritten.frame === gfn) return false;
  const held = usableTranslations(run.hardware[vcpu], machine.pages, page, currentPcid(registers));
  if (!held.some((each) => each.frame === gfn && completes(each, SUPERVISOR_WRITE, checks))) return false;
  run.concrete.words.set(pte, value);
  return true;
}

/** By a guest-physical mapping of the frame that has W still; in worlds that follow those. */
function storeBySecondLevel(run: GuestRun, vcpu: number, gfn: number, pte: Location, value: number): boolean {
  const { kvm, nested } = run.setting;
  if (nested === undefined) return false;
  const space = run.rootSpace(vcpu);
  if (isWritablePte(directSpte(space, gfn, readSptes(kvm, run.mmu, run.concrete)))) return false;
  const tag = nested.tables.tagOfReal(space.root);
  const held = usableTranslations(run.secondLevel[vcpu].real, nested.watched, gfn, tag);
  if (!held.some(({ frame, access }) => frame === gfn && nested.tables.permits(access, 'write')))
    return false;
  run.concrete.words.set(pte, value);
  return true;
}
