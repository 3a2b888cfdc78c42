/**
 * One operation while it happens: KVM's state, the processors as the architecture has them, and what the hardware
 * may hold. Every step program of KVM runs through here.
 */
import {
  guardedBy,
  localOf,
  withFault,
  wordAt,
  type Concrete,
  type Fault,
  type Location,
  type Operation as Step,
  type Property,
  type RecordedRuns,
  type Steps,
} from 'fencepost';
import { INVALID_PAGE, isValidRoot, type MmuState } from 'fencepost/mmu';
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
import type { Kvm } from '../vm/kvm.ts';
import { tdpMmuOf } from '../tdp/tdp-mmu.ts';
import { rootOf, type VcpuArch } from '../vm/vcpu.ts';
import { prepareEntry } from './entry.ts';
import { fillKept, type KeptRoots } from './hardware/kept-roots.ts';
import { endGracePeriod } from './grace-period.ts';
import { isMapped, readGuest, readSptes, shadowSpace, tdpSpace } from './hardware/hardware.ts';
import { fillFrames, NO_FRAMES, type HeldFrames } from './hardware/held-frames.ts';
import { look } from './judge/judge.ts';
import { fillSecondLevel } from './nested/fill.ts';
import { flushAside, flushNested } from './nested/flush.ts';
import type { SecondLevel } from './nested/held.ts';
import type { NestedSetting } from './nested/setting.ts';
import { effectsOf, LOADS_ROOT } from './notes.ts';
import type { Remembered } from './state/remembered.ts';
import { settled, type GuestState } from './state/state.ts';
import { Violated } from './judge/violated.ts';

/** What does not change from operation to operation. */
export interface Setting {
  readonly kvm: Kvm;
  readonly machine: Machine;
  readonly runs: RecordedRuns;
  readonly remembered: Remembered;
  /** What must hold of KVM's own state between operations. */
  readonly properties: readonly Property[];
  /** How many references of its own the TDP MMU has to a valid root. */
  readonly ownTdpReferences: number;
  /** Undefined: the guest has no guests of its own. */
  readonly nested: NestedSetting | undefined;
  /** Judges by the letter of the SDM where KVM is known to differ. */
  readonly strict?: boolean;
  /** Every entry of a guest table. */
  readonly guestPtes: readonly Location[];
  readonly fault?: Fault;
  /** Told what each run of KVM has passed: functions, and sites with their options. */
  readonly passed?: (notes: readonly string[]) => void;
  /** Told of every step of KVM, which then goes through each. */
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
  readonly secondLevel: SecondLevel[];
  readonly frames: HeldFrames[];
  /** The address that a flush of one address is for. */
  page = 0;
  readonly #from: GuestState;
  /** Whether KVM has stored to a table of its own. */
  #storedSptes = false;
  /** Whether KVM has changed a root of the TDP MMU. */
  #storedRoots = false;
  /** Whether KVM has handed pages to RCU, or freed them. */
  #releasedPages = false;

  constructor(setting: Setting, from: GuestState) {
    const { vcpus, mmuLock } = setting.kvm;
    this.setting = setting;
    this.#from = from;
    this.concrete = {
      words: new Map(from.words),
      guarded: new Map([[mmuLock, from.mmu]]),
      locals: new Map(vcpus.map(({ id, arch }) => [arch, from.vcpus[id].arch])),
    };
    this.processors = from.vcpus.map(({ processor }) => processor);
    this.hardware = from.vcpus.map(({ hardware }) => hardware);
    this.kept = from.vcpus.map(({ kept }) => kept);
    this.secondLevel = from.vcpus.map(({ secondLevel }) => secondLevel);
    this.frames = from.vcpus.map(({ frames }) => frames);
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

  /** Runs a path of KVM to its end on behalf of a vCPU. The name says all that the path depends on beside the state. */
  run<T>(vcpu: number, name: string, steps: () => Steps<T>): T {
    const value = this.#pass(vcpu, name, steps);
    if (this.#releasedPages) this.#endGracePeriod(vcpu);
    return value;
  }

  #endGracePeriod(vcpu: number): void {
    const tdp = tdpMmuOf(this.setting.kvm);
    if (tdp !== undefined)
      endGracePeriod(tdp, this.concrete, (name, steps) => {
        this.#pass(vcpu, name, steps);
      });
    this.#releasedPages = false;
  }

  #pass<T>(vcpu: number, name: string, steps: () => Steps<T>): T {
    const { runs, fault, passed, watch } = this.setting;
    const body = fault === undefined ? steps : (): Steps<T> => withFault(steps(), fault);
    const told = watch === undefined ? undefined : (step: Step): void => watch(vcpu, step);
    const root = this.arch(vcpu).hardwareRoot;
    const { ending, notes } = runs.run(`${vcpu} ${name}`, body, this.concrete, told);
    passed?.(notes);
    const { flushes, storesSptes, storesRoots, releasesPages } = effectsOf(notes);
    this.#storedSptes ||= storesSptes;
    this.#storedRoots ||= storesRoots;
    this.#releasedPages ||= releasesPages;
    this.#noteFlushes(vcpu, flushes, root);
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

  /** `root`: what the hardware had before. */
  #noteFlushes(vcpu: number, flushes: readonly string[], root: number): void {
    const { kvm, nested } = this.setting;
    let now = root;
    for (const fn of flushes) {
      if (fn === LOADS_ROOT) now = this.arch(vcpu).hardwareRoot;
      else if (nested === undefined) this.#noteFlush(vcpu, fn);
      else if (kvm.host.tdpEnabled) flushNested(this, vcpu, nested, fn, now);
      else this.#noteFlushAside(vcpu, nested, fn);
    }
  }

  /** Without EPT the VPID tags everything. */
  #noteFlushAside(vcpu: number, nested: NestedSetting, fn: string): void {
    this.#noteFlush(vcpu, fn);
    flushAside(this, vcpu, nested, fn);
  }

  /** What the vendor module's flushes end (VMX with VPID: `vpid_sync_context()` and the like). */
  #noteFlush(vcpu: number, fn: string): void {
    switch (fn) {
      case 'kvm_x86_flush_tlb_all':
      case 'kvm_x86_flush_tlb_current':
        this.frames[vcpu] = NO_FRAMES;
        this.hardware[vcpu] = HOLDS_NOTHING;
        return;
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
    const arch = this.arch(vcpu);
    const { registers } = arch;
    const { kvm } = this.setting;
    const shadow = kvm.host.tdpEnabled ? undefined : shadowSpace(kvm, this.mmu, arch);
    const bits = shadow?.format.indexBits ?? machine.geometry[pagingModeOf(registers)];
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
    const arch = this.arch(vcpu);
    const { hardwareRoot } = arch;
    const { kvm } = this.setting;
    const space = tdpSpace(kvm, this.concrete, hardwareRoot) ?? shadowSpace(kvm, this.mmu, arch);
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
        this.run(vcpu.id, 'enter', () => prepareEntry(vcpu));
      }
      if (isQuiet) return;
    }
    throw new Violated('no-livelock', 'the vCPUs ask each other for something without end');
  }

  /** Lets these processors, the architecture's and the real ones, cache what they can by now. */
  fill(vcpus: readonly number[]): void {
    const guestChanged = this.#guestChanged();
    for (const id of vcpus) {
      if (guestChanged || this.#mayRefill(id))
        this.processors[id] = this.#filled(this.processors[id], this.kept[id]);
      this.#fillFrames(id);
      if (!guestChanged && !this.isTouched(id)) continue;
      this.#fillHardware(id);
      fillSecondLevel(this, id);
    }
  }

  #fillFrames(vcpu: number): void {
    const { slots, host } = this.setting.kvm;
    if (slots === undefined || !host.tdpEnabled) return;
    const sptes = readSptes(this.setting.kvm, this.mmu, this.concrete);
    this.frames[vcpu] = fillFrames(this.frames[vcpu], this.rootSpace(vcpu), slots.frames, sptes);
  }

  /** An operation fills from the tables it leaves loaded; a PCID that was left may walk again where it lost an address. */
  #mayRefill(vcpu: number): boolean {
    return this.kept[vcpu].length > 0 && this.processors[vcpu] !== this.#from.vcpus[vcpu].processor;
  }

  #filled(from: Processor, kept: KeptRoots): Processor {
    const { machine, remembered } = this.setting;
    const processor = remembered.sameProcessor(from);
    const name = `memory ${remembered.identities.numberOf(processor)} ${kept.join()}`;
    return remembered.byReads(name, this.readGuest, (read) =>
      remembered.sameProcessor(fillKept(machine, afterWrite(machine, processor, read), kept, read)),
    );
  }

  #fillHardware(vcpu: number): void {
    const { machine, remembered } = this.setting;
    const { registers } = this.arch(vcpu);
    const held = remembered.sameHeld(this.hardware[vcpu]);
    const space = this.space(vcpu);
    if (space === undefined) {
      this.hardware[vcpu] = held;
      return;
    }
    const tag = currentPcid(registers);
    const numbers = [remembered.identities.same(registers), held].map((part) =>
      remembered.identities.numberOf(part),
    );
    const top = space.topEntries?.join() ?? space.root;
    const name = `hardware ${numbers.join(' ')} ${top} ${space.format.indexBits.join()}`;
    this.hardware[vcpu] = remembered.byReads(name, this.reader(vcpu), (read) =>
      remembered.sameHeld(fill(held, machine.pages, space, tag, read)),
    );
  }

  /** The other vCPUs that nothing keeps out of the guest while one handles its exit. */
  #running(besides: number | undefined): readonly number[] {
    return this.setting.kvm.vcpus
      .filter((vcpu) => vcpu.id !== besides && wordAt(this.concrete, vcpu.requests) === 0)
      .map(({ id }) => id);
  }

  /** A word as it was before the operation. */
  wordBefore(location: Location): number {
    return this.#from.words.get(location) ?? location.initial;
  }

  /** Whether KVM has stored to its tables, or made or freed one. */
  get hasChangedTables(): boolean {
    return this.#storedSptes || this.mmu !== this.#from.mmu;
  }

  /** Whether roots of the TDP MMU have changed, or a vCPU may have taken or dropped one. */
  get hasChangedRoots(): boolean {
    return (
      this.#storedRoots ||
      this.setting.kvm.vcpus.some(({ id }) => this.arch(id) !== this.#from.vcpus[id].arch)
    );
  }

  /** Whether what a vCPU may reach can be other than it was before the operation. */
  isTouched(vcpu: number): boolean {
    const before = this.#from.vcpus[vcpu];
    return (
      this.#storedSptes ||
      this.processors[vcpu] !== before.processor ||
      this.hardware[vcpu] !== before.hardware ||
      this.secondLevel[vcpu] !== before.secondLevel ||
      this.arch(vcpu) !== before.arch
    );
  }

  #guestChanged(): boolean {
    const { words } = this.#from;
    return this.setting.guestPtes.some(
      (pte) => wordAt(this.concrete, pte) !== (words.get(pte) ?? pte.initial),
    );
  }

  /** What the operation leaves behind. */
  get state(): GuestState {
    return settled(this.setting.kvm, this.setting.remembered, this);
  }
}
