/** One policy in one world: searched to a depth, or tried with random sequences. */
import sumBy from 'lodash-es/sumBy.js';
import type { GuestOperation, GuestState, GuestWorld } from '../../../models/sequential/index.ts';
import { randomSequences } from '../../check/search/random.ts';
import { search, type Search } from '../../check/search/search.ts';
import type { Proposal } from '../../program/site.ts';
import type { Violation } from '../../program/violation.ts';
import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';
import { grouped } from '../table.ts';
import { Coverage, isChoice, isFunction } from './coverage.ts';
import type { Sequential } from './load.ts';
import { StepLog, traceLines } from './trace.ts';
import { SearchWatch } from './watch.ts';

const DEFAULT_DEPTH = 4;

export interface Searched {
  readonly policy: string;
  readonly world: string;
  readonly verdict: 'safe' | 'violated' | 'bounded';
  /** Every sequence of so many operations has been seen; of random ones, how long the longest is. */
  readonly depth: number;
  /** Missing for random sequences. */
  readonly states?: number;
  readonly operations: number;
  /** By kind, the operations executed. */
  readonly executed: Readonly<Record<string, number>>;
  readonly why?: string;
  readonly violation?: Violation;
  readonly trace?: readonly string[];
  /** What became of roots in all of the operations. */
  readonly roots: RootWork;
  readonly functions: readonly string[];
  readonly sites: readonly string[];
}

export interface RootWork {
  readonly switched: number;
  /** Found again in the cache. */
  readonly kept: number;
  readonly rebuilt: number;
  readonly freed: number;
  readonly pagesBuilt: number;
  readonly pagesSynced: number;
  /** Bytes that the roots and their flags take in `struct kvm_mmu`. */
  readonly bytes: number;
}

/** Undefined: Ctrl-C. */
export function searchOne(
  { SequentialGuest, rootCacheBytes, kindOf, FOUND_ROOT_SITE }: Sequential,
  policy: Proposal,
  world: GuestWorld,
  flags: Flags,
  io: Io,
): Searched | undefined {
  const covered = new Coverage();
  const { strict } = flags;
  const guest = new SequentialGuest(world, policy, { strict, passed: (notes) => covered.passed(notes) });
  const watch = new SearchWatch(io, `${policy.name} in ${world.name}`, flags.maxTime);
  let found: Found | undefined;
  const isDone = io.supervise(() => {
    const counted = counting(guest, (operation) => covered.executed(kindOf(operation)));
    found = flags.random === undefined ? exhaustive(counted, flags, watch) : random(counted, flags, watch);
  });
  if (!isDone || found === undefined) {
    watch.clear();
    return undefined;
  }
  watch.done(found.operations);
  const { trace, ...counts } = found;
  const { notes, operations: executed } = covered;
  const times = (note: string): number => notes.get(note) ?? 0;
  const passes = [...notes].filter(([note]) => note.startsWith(`${FOUND_ROOT_SITE}=`));
  const result = {
    policy: policy.name,
    world: world.name,
    ...counts,
    executed,
    roots: {
      switched: times('kvm_mmu_new_pgd'),
      kept: sumBy(passes, ([, count]) => count),
      rebuilt: times('kvm_mmu_load'),
      freed: times('mmu_free_root_page'),
      pagesBuilt: times('kvm_mmu_alloc_shadow_page') + times('tdp_mmu_alloc_sp'),
      pagesSynced: times('kvm_sync_page'),
      bytes: rootCacheBytes(policy),
    },
    functions: [...notes.keys()].filter(isFunction).sort(),
    sites: [...notes.keys()].filter(isChoice).sort(),
  };
  if (trace === undefined) return result;
  const log = new StepLog();
  const again = new SequentialGuest(world, policy, { strict, watch: (vcpu, step) => log.note(vcpu, step) });
  const steps = flags.steps === true ? log.replay(again, trace) : undefined;
  return { ...result, trace: traceLines(guest, trace, steps) };
}

type Guest = Search<GuestState, GuestOperation>;

/** The same, telling of each operation that is executed. */
function counting(guest: Guest, executed: (operation: GuestOperation) => void): Guest {
  return {
    initial: guest.initial,
    operations: (state) => guest.operations(state),
    key: (state) => guest.key(state),
    perform: (state, operation) => {
      const step = guest.perform(state, operation);
      if (step.kind !== 'none') executed(operation);
      return step;
    },
  };
}

type Found = Pick<Searched, 'verdict' | 'depth' | 'states' | 'operations' | 'why' | 'violation'> & {
  readonly trace?: readonly GuestOperation[];
};

function exhaustive(guest: Guest, { depth = DEFAULT_DEPTH }: Flags, watch: SearchWatch): Found {
  return search<GuestState, GuestOperation>(guest, {
    depth,
    stop: () => watch.stop(),
    progress: ({ depth: done, states, operations }) =>
      watch.tick(operations, `depth ${done} done, ${grouped(states)} states`),
  });
}

function random(guest: Guest, flags: Flags, watch: SearchWatch): Found {
  const { random: sequences = 1, seed = 1, depth = DEFAULT_DEPTH } = flags;
  const result = randomSequences<GuestState, GuestOperation>(guest, {
    seed,
    sequences,
    length: depth,
    stop: () => watch.stop(),
    progress: (operations) => watch.tick(operations, 'random sequences'),
  });
  const { operations } = result;
  switch (result.verdict) {
    case 'violated':
      return { ...result, depth: result.trace.length };
    case 'bounded':
      return { verdict: 'bounded', why: result.why, operations, depth };
    case 'passed':
      // Nothing was found, which says nothing about the sequences that were not tried.
      return { verdict: 'bounded', why: 'the number of sequences', operations, depth };
  }
}
