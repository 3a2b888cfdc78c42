/**
 * What a workload makes KVM do, counted by running it: the cost model of the mails 000 and 004. The workload is what
 * `ssdd` does to a W^X kernel: two processes take turns, and the kernel clears CR0.WP around each write to what it
 * keeps read-only.
 */
import type { Proposal } from 'fencepost';
import { X86_CR0_WP, type Access } from 'fencepost/x86';
import { SequentialGuest } from './guest.ts';
import type { GuestOperation } from './operations/operation.ts';
import type { GuestState } from './state/state.ts';
import type { GuestWorld } from './worlds/world.ts';

/** What the hardware and KVM spend time on. */
export interface Counts {
  /** VM exits for what the guest executes, and for faults. */
  readonly exits: number;
  readonly faults: number;
  readonly rootsFreed: number;
  readonly rootsLoaded: number;
  readonly pagesBuilt: number;
  readonly syncs: number;
  readonly flushes: number;
  readonly kvmInitMmu: number;
}

/** Kernel functions that stand for an event. */
const EVENTS: Readonly<Record<string, Exclude<keyof Counts, 'exits'>>> = {
  page_fault: 'faults',
  direct_page_fault: 'faults',
  kvm_tdp_mmu_page_fault: 'faults',
  mmu_free_root_page: 'rootsFreed',
  kvm_mmu_load: 'rootsLoaded',
  kvm_mmu_alloc_shadow_page: 'pagesBuilt',
  tdp_mmu_alloc_sp: 'pagesBuilt',
  kvm_sync_page: 'syncs',
  kvm_x86_flush_tlb_all: 'flushes',
  kvm_x86_flush_tlb_current: 'flushes',
  kvm_x86_flush_tlb_guest: 'flushes',
  kvm_init_mmu: 'kvmInitMmu',
};

const NONE: Counts = {
  exits: 0,
  faults: 0,
  rootsFreed: 0,
  rootsLoaded: 0,
  pagesBuilt: 0,
  syncs: 0,
  flushes: 0,
  kvmInitMmu: 0,
};

/** Turns before counting begins, so that what is built once does not count. */
const WARM_UP = 8;
const COUNTED = 16;

/** What the policy makes of one turn of the workload, on the average. */
export function countTurn(world: GuestWorld, policy: Proposal, turn: readonly TurnStep[]): Counts {
  const counts: Record<keyof Counts, number> = { ...NONE };
  const guest = new SequentialGuest(world, policy, {
    watch: (_, step) => {
      if (step.op !== 'enter') return;
      const event = EVENTS[step.fn];
      if (event === undefined) return;
      counts[event] += 1;
      if (event === 'faults') counts.exits += 1;
    },
  });
  let state: GuestState = guest.initial;
  for (let i = 0; i < WARM_UP + COUNTED; i++) {
    if (i === WARM_UP) Object.assign(counts, NONE);
    for (const step of turn) {
      const operation = operationOf(guest, state, step);
      if (exits(guest, step)) counts.exits += 1;
      const after = guest.perform(state, operation);
      if (after.kind === 'violation') throw new Error(after.violation.message);
      if (after.kind === 'state') ({ state } = after);
    }
  }
  const averages = Object.entries(counts).map(([event, count]) => [event, count / COUNTED] as const);
  return Object.fromEntries(averages) as unknown as Counts;
}

/** One step of a turn of the first vCPU. */
export type TurnStep =
  | 'toggle WP'
  | { readonly cr3: number }
  | { readonly page: number; readonly access: Access };

function operationOf(guest: SequentialGuest, state: GuestState, step: TurnStep): GuestOperation {
  if (step === 'toggle WP') {
    const { cr0 } = guest.registersOf(state, 0);
    return { kind: 'execute', vcpu: 0, operation: { op: 'mov-cr0', value: cr0 ^ X86_CR0_WP } };
  }
  if ('cr3' in step) return { kind: 'execute', vcpu: 0, operation: { op: 'mov-cr3', value: step.cr3 } };
  return { kind: 'access', vcpu: 0, page: step.page, access: step.access };
}

/** MOV CR0 exits everywhere, MOV CR3 only under shadow paging. */
function exits(guest: SequentialGuest, step: TurnStep): boolean {
  if (step === 'toggle WP') return true;
  return 'cr3' in step && !guest.setting.kvm.host.tdpEnabled;
}
