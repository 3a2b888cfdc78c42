/**
 * The judge of memslots that change: no processor and no SPTE leads to a frame that has none (KVM-MMU.md A17, P30), and
 * KVM takes for MMIO what has none, and nothing else.
 */
import { wordAt, type Location } from 'fencepost';
import { isMmioSpte, isShadowPresentPte, mmioSpteGeneration, sptePfn } from 'fencepost/mmu';
import { accessPage, allows, type Access } from 'fencepost/x86';
import type { Slots } from '../../vm/slots.ts';
import { tdpMmuOf } from '../../tdp/tdp-mmu.ts';
import { spteAt } from '../hardware/hardware.ts';
import { heldFramesOf } from '../hardware/held-frames.ts';
import { judgeDirtyLog } from './dirty-log.ts';
import { tdpEntries } from './own-tdp-state.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from './violated.ts';

export function judgeSlots(run: GuestRun, vcpus: readonly number[]): void {
  const { slots } = run.setting.kvm;
  if (slots === undefined) return;
  judgeMappings(run, slots);
  judgeMmioSptes(run, slots);
  judgeTdpTables(run, slots);
  for (const id of vcpus) judgeHeld(run, slots, id);
  judgeDirtyLog(run, vcpus);
}

function lacksSlot({ concrete }: GuestRun, slots: Slots, gfn: number): boolean {
  return slots.bitOf(gfn) !== 0 && (wordAt(concrete, slots.memslots) & slots.bitOf(gfn)) === 0;
}

function judgeMappings(run: GuestRun, slots: Slots): void {
  const { guest } = run.setting.kvm;
  const mapped = slots.frames.find((gfn) => lacksSlot(run, slots, gfn) && run.mmu.rmap[gfn] !== undefined);
  if (mapped === undefined) return;
  throw new Violated('no-deleted-slot', `an SPTE maps ${guest.nameOf(mapped)}, which has no memslot`);
}

/** What the hardware may reach by what it has cached. */
function judgeHeld(run: GuestRun, slots: Slots, vcpu: number): void {
  const { kvm } = run.setting;
  const reached = heldFramesOf(run, vcpu).find(({ frame }) => lacksSlot(run, slots, frame));
  if (reached === undefined) return;
  const name = kvm.guest.nameOf(reached.frame);
  throw new Violated('no-deleted-slot', `vCPU ${vcpu} may still reach ${name}, which has no memslot`);
}

/** One that counts now, and would for as long as memslots stay as they are. */
function judgeMmioSptes(run: GuestRun, slots: Slots): void {
  const { kvm } = run.setting;
  const generation = wordAt(run.concrete, slots.generation);
  for (const { id, role } of run.mmu.pages) {
    for (let index = 0; index < kvm.entries; index++) {
      const location = spteAt(kvm, id, index, role.level);
      judgeMmioSpte(run, slots, location, generation);
    }
  }
}

function judgeMmioSpte(run: GuestRun, slots: Slots, location: Location, generation: number): void {
  const spte = wordAt(run.concrete, location);
  if (!isMmioSpte(spte) || mmioSpteGeneration(spte) !== generation) return;
  const frame = sptePfn(spte);
  if (lacksSlot(run, slots, frame)) return;
  const name = run.setting.kvm.guest.nameOf(frame);
  throw new Violated('mmio-justified', `${location.name} takes ${name} for MMIO, which has a memslot`);
}

/** Both for the tables of the TDP MMU. */
function judgeTdpTables(run: GuestRun, slots: Slots): void {
  const { kvm } = run.setting;
  const tdp = tdpMmuOf(kvm);
  if (tdp === undefined) return;
  const generation = wordAt(run.concrete, slots.generation);
  for (const { table, index, spte, child } of tdpEntries(tdp, (word) => wordAt(run.concrete, word))) {
    if (child !== undefined) continue;
    judgeMmioSpte(run, slots, tdp.tables.spte(table, index), generation);
    if (!isShadowPresentPte(spte) || !lacksSlot(run, slots, sptePfn(spte))) continue;
    const name = kvm.guest.nameOf(sptePfn(spte));
    throw new Violated('no-deleted-slot', `an SPTE maps ${name}, which has no memslot`);
  }
}

/** An access that KVM takes for MMIO at a frame: it has no memslot, and the guest may see it there. */
export function judgeMmio(run: GuestRun, vcpu: number, page: number, access: Access, frame: number): void {
  const { kvm, machine } = run.setting;
  const { slots } = kvm;
  const what = `the ${access.kind} of page ${page} by vCPU ${vcpu} is taken for MMIO at ${kvm.guest.nameOf(frame)}`;
  if (slots !== undefined && !lacksSlot(run, slots, frame))
    throw new Violated('mmio-justified', `${what}, which has a memslot`);
  const { registers } = run.arch(vcpu);
  const fresh = accessPage(registers, machine.geometry, page, access, run.readGuest, machine.features);
  if (fresh.kind === 'done' && fresh.frame === frame) return;
  if (allows(machine, run.processors[vcpu], page, access, frame)) return;
  throw new Violated('emulation-allowed', `${what}, which the architecture forbids`);
}
