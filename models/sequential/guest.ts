/**
 * A VM whose operations run one at a time, as a problem to be searched. After each operation every vCPU serves its
 * requests and enters the guest, the processors cache whatever they can, and the judge looks.
 */
import {
  choiceAt,
  noConcrete,
  RecordedRuns,
  type Fault,
  type Location,
  type Operation as KernelStep,
  type Proposal,
  type Search,
  type Step,
} from 'fencepost';
import { HOLDS_NOTHING, newProcessor, REGISTERS_AT_RESET, type Machine, type Registers } from 'fencepost/x86';
import { kvmInitMmu } from '../roots/init-mmu.ts';
import { Kvm } from '../vm/kvm.ts';
import { tdpRootLastPut } from '../sites/roots.ts';
import { pagingGeometry } from '../vm/paging-geometry.ts';
import { readGuest } from './hardware/hardware.ts';
import { NO_FRAMES } from './hardware/held-frames.ts';
import { look } from './judge/judge.ts';
import type { KeptRoots } from './hardware/kept-roots.ts';
import { NO_SECOND_LEVEL } from './nested/held.ts';
import { nestedSetting } from './nested/setting.ts';
import { noteOf } from './notes.ts';
import { hostOperations } from './operations/host.ts';
import type { GuestOperation } from './operations/operation.ts';
import { nestedOperations } from './operations/nested/possible.ts';
import { perform } from './operations/perform.ts';
import { vcpuOperations } from './operations/possible.ts';
import { describe } from './operations/text.ts';
import { ownStateProperties } from './judge/own-state.ts';
import { Remembered } from './state/remembered.ts';
import { GuestRun, type Setting } from './run.ts';
import { keyOf, type GuestState } from './state/state.ts';
import { Violated } from './judge/violated.ts';
import type { GuestWorld } from './worlds/world.ts';

export interface GuestOptions {
  /** A fault of one step of KVM. */
  readonly fault?: Fault;
  /**
   * Judges by the letter of the SDM where KVM is known to differ: a #PF that finds nothing present invalidates its
   * address too (vol. 3A, 4.10.4.1), no PCID may use what was cached under another (4.10.1), and nothing is cached for
   * L2 while L1 runs (vol. 3C, "Creating and Using Cached Translation Information").
   */
  readonly strict?: boolean;
  /** Told what each run of KVM has passed: functions, and sites with their options; equal runs give the same array. */
  readonly passed?: (notes: readonly string[]) => void;
  /** Told of every step that KVM performs, and for which vCPU; everything is slow then. */
  readonly watch?: (vcpu: number, step: KernelStep) => void;
}

export class SequentialGuest implements Search<GuestState, GuestOperation> {
  readonly world: GuestWorld;
  readonly setting: Setting;
  #initial: GuestState | undefined;

  constructor(world: GuestWorld, proposal: Proposal, options: GuestOptions = {}) {
    const kvm = new Kvm(world.start);
    const machine: Machine = { geometry: pagingGeometry(kvm), pages: world.pages };
    this.world = world;
    const guestPtes = guestEntries(kvm, world);
    const remembered = new Remembered();
    const runs = new RecordedRuns({
      proposal,
      note: (step) => noteOf(proposal, step),
      same: (state) => remembered.identities.same(state),
    });
    const properties = ownStateProperties(kvm);
    const ownTdpReferences = choiceAt(proposal, tdpRootLastPut) === 'keep' ? 1 : 0;
    const kept = { kvm, machine, guestPtes, runs, remembered, properties, ownTdpReferences };
    this.setting = { ...kept, nested: nestedSetting(world, kvm, machine), ...options };
  }

  /** Every vCPU is in the guest for the first time. Throws where already that is wrong. */
  get initial(): GuestState {
    return (this.#initial ??= this.#start());
  }

  #start(): GuestState {
    const { kvm, machine, remembered } = this.setting;
    const { identities } = remembered;
    const registers = this.world.start.arch?.registers ?? REGISTERS_AT_RESET;
    const processor = remembered.sameProcessor(
      newProcessor(machine, readGuest(kvm, noConcrete()), registers),
    );
    const hardware = remembered.sameHeld(HOLDS_NOTHING);
    const kept = identities.same<KeptRoots>([]);
    const secondLevel = identities.same(NO_SECOND_LEVEL);
    const frames = identities.same(NO_FRAMES);
    const run = new GuestRun(this.setting, {
      words: new Map(),
      mmu: identities.same(kvm.mmuLock.initial),
      vcpus: kvm.vcpus.map(({ arch }) => ({
        arch: identities.same(arch.initial),
        processor,
        kept,
        hardware,
        secondLevel,
        frames,
      })),
    });
    // The roles that a world starts with are upstream's.
    for (const vcpu of kvm.vcpus) run.run(vcpu.id, 'init', () => kvmInitMmu(vcpu));
    run.enterAll();
    look(run, this.#all);
    return run.state;
  }

  get #all(): readonly number[] {
    return this.setting.kvm.vcpus.map(({ id }) => id);
  }

  *operations(state: GuestState): Iterable<GuestOperation> {
    const { alphabet, nested } = this.world;
    for (const { id } of this.setting.kvm.vcpus) {
      const { arch, secondLevel } = state.vcpus[id];
      const { registers, mode } = arch;
      const isL2 = secondLevel.l2 !== null;
      if (nested !== undefined) yield* nestedOperations(nested, id, isL2);
      if (!isL2) yield* vcpuOperations(alphabet, id, registers, mode.smm);
    }
    yield* hostOperations(this.world);
  }

  perform(state: GuestState, operation: GuestOperation): Step<GuestState> {
    const run = new GuestRun(this.setting, state);
    try {
      if (!perform(run, operation)) return { kind: 'none' };
      run.settle(operation.kind === 'host' ? undefined : operation.vcpu);
      look(run, this.#all);
    } catch (error) {
      if (error instanceof Violated) return { kind: 'violation', violation: error.violation };
      throw error;
    }
    return { kind: 'state', state: run.state };
  }

  key(state: GuestState): string {
    return keyOf(this.setting.remembered, state);
  }

  registersOf(state: GuestState, vcpu: number): Registers {
    return state.vcpus[vcpu].arch.registers;
  }

  /** One line for each operation of a trace, with the vCPU that performs it. */
  describeTrace(trace: readonly GuestOperation[]): readonly string[] {
    let { initial: state } = this;
    return trace.map((operation) => {
      const vcpu = operation.kind === 'host' ? 0 : operation.vcpu;
      const registers = this.registersOf(state, vcpu);
      const step = this.perform(state, operation);
      if (step.kind === 'state') ({ state } = step);
      const text = describe(operation, registers, this.setting.kvm.guest);
      return operation.kind === 'host' ? `host: ${text}` : `vCPU ${vcpu}: ${text}`;
    });
  }
}

/** Every entry of a guest table; a page directory of PAE or 32-bit paging may have more than a shadow page. */
function guestEntries(kvm: Kvm, { start, alphabet }: GuestWorld): Location[] {
  const tables = start.guestPages.flatMap(({ gfn, entries }) =>
    entries === undefined ? [] : [{ gfn, entries }],
  );
  const indices = [
    ...tables.flatMap(({ entries }) => Object.keys(entries).map(Number)),
    ...alphabet.stores.map(({ index }) => index),
  ];
  const length = Math.max(kvm.entries, ...indices.map((index) => index + 1));
  return tables.flatMap(({ gfn }) => Array.from({ length }, (_, index) => kvm.guest.pte(gfn, index)));
}
