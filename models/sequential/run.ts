/**
 * One operation while it happens: KVM's state, the processors as the architecture has them, and what the hardware
 * may hold. Every step program of KVM runs through here.
 */
import {
  copyConcrete,
  guardedBy,
  localOf,
  runConcrete,
  withFault,
  wordAt,
  type Concrete,
  type Fault,
  type Location,
  type Operation as Step,
  type Proposal,
  type Steps,
} from 'fencepost';
import { findPage, INVALID_PAGE, isValidRoot, type MmuState } from 'fencepost/mmu';
import {
  addressSpaceOf,
  afterWrite,
  currentPcid,
  fill,
  HOLDS_NOTHING,
  invalidate,
  invalidatedBy,
  pagingModeOf,
  type AddressSpace,
  type Machine,
  type MayHold,
  type Operation,
  type Processor,
  type ReadEntry,
} from 'fencepost/x86';
import type { Kvm } from '../kvm.ts';
import { rootOf, type VcpuArch } from '../vcpu.ts';
import { prepareEntry } from './entry.ts';
import { fillKept, type KeptRoots } from './kept-roots.ts';
import { isMapped, readGuest, readSptes, shadowSpace } from './hardware.ts';
import { look } from './judge.ts';
import { Violated } from './violated.ts';

/** Between two operations; never changed in place. */
export interface GuestState {
  readonly concrete: Concrete;
  /** By vCPU: what the architecture allows. */
  readonly processors: readonly Processor[];
  readonly kept: readonly KeptRoots[];
  /** By vCPU: what the hardware may hold of what KVM gave it. */
  readonly hardware: readonly MayHold[];
}

/** What does not change from operation to operation. */
export interface Setting {
  readonly kvm: Kvm;
  readonly machine: Machine;
  readonly proposal: Proposal;
  readonly fault?: Fault;
  /** Judges by the letter of the SDM where KVM is known to differ. */
  readonly strict?: boolean;
  /** Every entry of a guest table. */
  readonly guestPtes: readonly Location[];
  /** Told of every step of KVM. */
  readonly watch?: (vcpu: number, step: Step) => void;
}

/** How often requests may lead to requests before the guest is entered. */
const ROUNDS = 6;

export class GuestRun {
  readonly setting: Setting;
  readonly concrete: Concrete;
  readonly processors: Processor[];
  readonly hardware: MayHold[];
  readonly kept: KeptRoots[];
  /** The address that a flush of one address is for. */
  page = 0;
  readonly #from: GuestState;
  /** Whether KVM has stored to a table of its own. */
  #storedSptes = false;

  constructor(setting: Setting, from: GuestState) {
    this.setting = setting;
    this.#from = from;
    this.concrete = copyConcrete(from.concrete);
    this.processors = [...from.processors];
    this.hardware = [...from.hardware];
    this.kept = [...from.kept];
  }

  get mmu(): MmuState {
    return guardedBy(this.concrete, this.setting.kvm.mmuLock);
  }

  arch(vcpu: number): VcpuArch {
    return localOf(this.concrete, this.setting.kvm.vcpus[vcpu].arch);
  }

  get readGuest(): ReadEntry {
    return readGuest(this.setting.kvm, this.concrete);
  }

  /** Runs a path of KVM to its end on behalf of a vCPU. */
  run<T>(vcpu: number, steps: Steps<T>): T {
    const { proposal, fault, watch } = this.setting;
    const body = fault === undefined ? steps : withFault(steps, fault);
    const ending = runConcrete(body, this.concrete, {
      proposal,
      watch: (step) => {
        if (step.op === 'enter') this.#noteFlush(vcpu, step.fn);
        else if (step.op === 'store' || step.op === 'rmw') {
          if (step.loc.name.startsWith('sp')) this.#storedSptes = true;
        }
        watch?.(vcpu, step);
      },
    });
    switch (ending.status) {
      case 'end':
        return ending.value;
      case 'violation':
        throw new Violated(ending.property, ending.message);
      case 'waiting':
        throw new Violated('no-deadlock', `vCPU ${vcpu} waits for ${ending.for} for ever`);
      case 'dropped':
        throw new Error('a path of KVM assumes what does not hold');
    }
  }

  /** What the vendor module's flushes end (VMX with VPID: `vpid_sync_context()` and the like). */
  #noteFlush(vcpu: number, fn: string): void {
    switch (fn) {
      case 'kvm_x86_flush_tlb_all':
      case 'kvm_x86_flush_tlb_current':
      case 'kvm_x86_flush_tlb_guest':
        this.hardware[vcpu] = HOLDS_NOTHING;
        return;
      case 'kvm_x86_flush_tlb_gva':
        this.#invalidateHardware(vcpu, { op: 'invlpg', page: this.page });
    }
  }

  /** What the hardware does of itself when the guest executes an operation without an exit. */
  executeInHardware(vcpu: number, operation: Operation): void {
    this.#invalidateHardware(vcpu, operation);
  }

  #invalidateHardware(vcpu: number, operation: Operation): void {
    const { machine } = this.setting;
    const { registers } = this.arch(vcpu);
    const bits = this.space(vcpu)?.format.indexBits ?? machine.geometry[pagingModeOf(registers)];
    this.hardware[vcpu] = invalidatedBy(registers, operation).reduce(
      (rest, invalidation) => invalidate(rest, machine.pages, bits, invalidation),
      this.hardware[vcpu],
    );
  }

  /** The tables that the hardware walks for linear addresses of the vCPU. */
  space(vcpu: number): AddressSpace | undefined {
    const { kvm, machine } = this.setting;
    const { registers } = this.arch(vcpu);
    if (kvm.host.tdpEnabled) return addressSpaceOf(registers, machine.geometry, machine.features);
    return this.rootSpace(vcpu);
  }

  /** KVM's tables, whatever they translate. */
  rootSpace(vcpu: number): AddressSpace {
    const { hardwareRoot } = this.arch(vcpu);
    const space = shadowSpace(this.setting.kvm, this.mmu, hardwareRoot);
    if (space !== undefined) return space;
    throw hardwareRoot === INVALID_PAGE
      ? new Violated('has-root', `vCPU ${vcpu} enters the guest without a root`)
      : new Violated('no-use-after-free', `vCPU ${vcpu} runs on the root sp${hardwareRoot}, which was freed`);
  }

  /** Reads what `space` walks: SPTEs, or under TDP those guest tables that its own tables map. */
  reader(vcpu: number): ReadEntry {
    const { kvm } = this.setting;
    const sptes = readSptes(kvm, this.mmu, this.concrete);
    if (!kvm.host.tdpEnabled) return sptes;
    const direct = this.rootSpace(vcpu);
    const guest = this.readGuest;
    return (gfn, index) => (isMapped(direct, gfn, sptes) ? guest(gfn, index) : 0);
  }

  /**
   * Every vCPU serves its requests and enters the guest; what one does may ask something of another. While one
   * handles its exit, whoever is not kicked out of the guest walks on, so that is judged before.
   */
  settle(exited?: number): void {
    look(this, this.#running(exited));
    this.enterAll();
  }

  enterAll(): void {
    const { kvm } = this.setting;
    for (let round = 0; round < ROUNDS; round++) {
      let isQuiet = true;
      for (const vcpu of kvm.vcpus) {
        const arch = this.arch(vcpu.id);
        const isReady = wordAt(this.concrete, vcpu.requests) === 0 && isValidRoot(rootOf(arch[arch.mmu]));
        if (isReady) continue;
        isQuiet = false;
        this.run(vcpu.id, prepareEntry(vcpu));
      }
      if (isQuiet) return;
    }
    throw new Violated('no-livelock', 'the vCPUs ask each other for something without end');
  }

  /** Lets these processors, the architecture's and the real ones, cache what they can by now. */
  fill(vcpus: readonly number[]): void {
    const { machine } = this.setting;
    const guestChanged = this.#guestChanged();
    for (const id of vcpus) {
      if (guestChanged) {
        const processor = afterWrite(machine, this.processors[id], this.readGuest);
        this.processors[id] = fillKept(machine, processor, this.kept[id], this.readGuest);
      }
      if (!guestChanged && !this.isTouched(id)) continue;
      const tag = currentPcid(this.arch(id).registers);
      const space = this.space(id);
      this.hardware[id] = fill(this.hardware[id], machine.pages, space, tag, this.reader(id));
    }
  }

  /** The other vCPUs that nothing keeps out of the guest while one handles its exit. */
  #running(besides: number | undefined): readonly number[] {
    return this.setting.kvm.vcpus
      .filter((vcpu) => vcpu.id !== besides && wordAt(this.concrete, vcpu.requests) === 0)
      .map(({ id }) => id);
  }

  /** Whether KVM has stored to its tables, or made or freed one. */
  get hasChangedTables(): boolean {
    return this.#storedSptes || this.mmu !== guardedBy(this.#from.concrete, this.setting.kvm.mmuLock);
  }

  /** Whether what a vCPU may reach can be other than it was before the operation. */
  isTouched(vcpu: number): boolean {
    const before = localOf(this.#from.concrete, this.setting.kvm.vcpus[vcpu].arch);
    return (
      this.#storedSptes ||
      this.processors[vcpu] !== this.#from.processors[vcpu] ||
      this.hardware[vcpu] !== this.#from.hardware[vcpu] ||
      this.arch(vcpu) !== before
    );
  }

  #guestChanged(): boolean {
    return this.setting.guestPtes.some(
      (pte) => wordAt(this.concrete, pte) !== wordAt(this.#from.concrete, pte),
    );
  }

  /** Words of pages that have been freed say nothing any more. */
  forgetFreed(before: MmuState): void {
    const { mmu } = this;
    if (before.pages.every(({ id }) => findPage(mmu, id) !== undefined)) return;
    for (const [location] of this.concrete.words) {
      const page = /^sp(\d+)->/.exec(location.name)?.[1];
      if (page !== undefined && findPage(mmu, Number(page)) === undefined) {
        this.concrete.words.delete(location);
      }
    }
  }

  get state(): GuestState {
    const { concrete, processors, hardware, kept } = this;
    return { concrete, processors, hardware, kept };
  }
}
