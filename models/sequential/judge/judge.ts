/**
 * The judge: what the hardware may give the guest must be what the architecture allows it to see (KVM-MMU.md D5). R1
 * and R3 are asked of every page and every kind of access on every vCPU; R2 is asked of each fault when it is given.
 */
import { wordAt } from 'fencepost';
import { isShadowPresentPte, sptePfn } from 'fencepost/mmu';
import {
  ACCESSES,
  accessPage,
  allows,
  completes,
  currentPcid,
  describeAnAccess,
  pagingModeOf,
  usableTranslations,
  type Access,
  type AccessRegisters,
  type Processor,
  type Translation,
} from 'fencepost/x86';
import { directSpte, readSptes, shadowRegisters } from '../hardware/hardware.ts';
import { judgeSlots } from './slots.ts';
import type { GuestRun } from '../run.ts';
import { obsoleteRoot, ownViolation } from './own-state.ts';
import { judgeTdpState } from './tdp.ts';
import { judgeSecondLevel } from '../nested/judge.ts';
import { judgeRootMode } from './root-mode.ts';
import { Violated } from './violated.ts';

/** An implicit access is the same at every CPL. */
const JUDGED: readonly Access[] = ACCESSES.filter(({ user, implicit }) => !user || implicit !== true);

/** Lets these vCPUs, which run the guest, cache what they can, and throws what is wrong with that. */
export function look(run: GuestRun, vcpus: readonly number[]): void {
  run.fill(vcpus);
  judge(run, vcpus);
}

function judge(run: GuestRun, vcpus: readonly number[]): void {
  if (run.hasChangedTables) {
    judgeOwnState(run);
    for (const id of vcpus) judgeRoots(run, id);
  }
  if (run.hasChangedTables || run.hasChangedRoots) judgeTdpState(run, vcpus);
  judgeSlots(run, vcpus);
  for (const id of vcpus) {
    if (!run.isTouched(id)) continue;
    const { processors, hardware } = run;
    run.setting.remembered.once(processors[id], hardware[id], () => judgeTranslations(run, id));
    judgeDirect(run, id);
    judgeSecondLevel(run, id);
    judgeRootMode(run, id);
  }
}

/** R1 and R3. */
function judgeTranslations(run: GuestRun, vcpu: number): void {
  const { kvm, machine } = run.setting;
  const { registers } = run.arch(vcpu);
  const processor = run.processors[vcpu];
  // Without paging the processor goes by guest-physical mappings (KVM-MMU.md D4).
  if (kvm.host.tdpEnabled && pagingModeOf(registers) === 'off') return;
  const checks = kvm.host.tdpEnabled ? registers : shadowRegisters(registers);
  const tag = currentPcid(registers);
  for (const page of machine.pages) {
    for (const translation of usableTranslations(run.hardware[vcpu], machine.pages, page, tag)) {
      judgeTranslation(run, vcpu, processor, page, translation, checks);
    }
  }
}

function judgeTranslation(
  { setting: { kvm, machine } }: GuestRun,
  vcpu: number,
  processor: Processor,
  page: number,
  translation: Translation,
  checks: AccessRegisters,
): void {
  for (const access of JUDGED) {
    if (!completes(translation, access, checks)) continue;
    if (allows(machine, processor, page, access, translation.frame)) continue;
    const frame = kvm.guest.nameOf(translation.frame);
    const message = `vCPU ${vcpu} may complete ${describeAnAccess(access)} of page ${page} in ${frame}`;
    throw new Violated('guest-translation-allowed', `${message}, which the architecture forbids`);
  }
}

/** A direct SPTE maps the frame that it stands for; those of the TDP MMU are judged with the rest of it. */
function judgeDirect(run: GuestRun, vcpu: number): void {
  const { kvm } = run.setting;
  if (!kvm.host.tdpEnabled || kvm.host.tdpMmuEnabled || run.arch(vcpu).mmu === 'guest_mmu') return;
  const space = run.rootSpace(vcpu);
  const read = readSptes(kvm, run.mmu, run.concrete);
  const frames = 2 ** space.format.indexBits.reduce((sum, bits) => sum + bits, 0);
  for (let gfn = 0; gfn < frames; gfn++) {
    const spte = directSpte(space, gfn, read);
    if (!isShadowPresentPte(spte) || sptePfn(spte) === gfn) continue;
    throw new Violated('guest-translation-allowed', `guest frame ${gfn} is mapped to ${sptePfn(spte)}`);
  }
}

function judgeRoots(run: GuestRun, vcpu: number): void {
  const violation = obsoleteRoot(run.setting.kvm, run.concrete, vcpu, run.arch(vcpu));
  if (violation !== undefined) throw new Violated(violation.property, violation.message);
}

function judgeOwnState(run: GuestRun): void {
  const { kvm, properties, remembered } = run.setting;
  const { identities } = remembered;
  const archs = kvm.vcpus.map(({ id }) => run.arch(id));
  const numbers = [run.mmu, ...archs].map((part) => identities.numberOf(identities.same(part)));
  remembered.onceReading(
    numbers.join(' '),
    (location) => wordAt(run.concrete, location),
    (word) => {
      const violation = ownViolation(kvm, run.concrete, archs, properties, word);
      if (violation !== undefined) throw new Violated(violation.property, violation.message);
    },
  );
}

/** R2: the guest gets exactly the #PF that a walk of its tables gives now. */
export function judgeFault(
  run: GuestRun,
  vcpu: number,
  page: number,
  access: Access,
  errorCode: number,
): void {
  const { machine } = run.setting;
  const { registers } = run.arch(vcpu);
  const result = accessPage(registers, machine.geometry, page, access, run.readGuest, machine.features);
  const what = `vCPU ${vcpu} gets a #PF for page ${page} with error code ${errorCode}`;
  if (result.kind === 'done') throw new Violated('fault-justified', `${what}, but its tables let it through`);
  if (result.errorCode === errorCode) return;
  throw new Violated('fault-justified', `${what}, which should be ${result.errorCode}`);
}

/** R2 from the other side: what KVM lets through in the guest's place. */
export function judgeEmulated(run: GuestRun, vcpu: number, page: number, access: Access, gfn: number): void {
  const { machine } = run.setting;
  const { registers } = run.arch(vcpu);
  const result = accessPage(registers, machine.geometry, page, access, run.readGuest, machine.features);
  if (result.kind === 'done' && result.frame === gfn) return;
  const where = run.setting.kvm.guest.nameOf(gfn);
  throw new Violated(
    'emulation-allowed',
    `KVM emulates ${describeAnAccess(access)} of page ${page} in ${where}, which the guest's tables forbid`,
  );
}
