/** One fault of KVM: which worlds pass its step, and whether the search notices it there. */
import type { GuestOperation, GuestState, GuestWorld } from '../../../../models/sequential/index.ts';
import { search } from '../../../check/search/search.ts';
import { FaultPoints, type Fault } from '../../../program/fault.ts';
import type { Proposal } from '../../../program/site.ts';
import type { Violation } from '../../../program/violation.ts';
import type { Flags } from '../../flags.ts';
import { Limit } from '../limit.ts';
import type { Sequential } from '../load.ts';
import { policyOf, worldsOf } from '../selection.ts';
import { traceLines } from '../trace.ts';

/** How deep the points are collected: every path of the alphabet is passed by then. */
const COLLECTED = 3;
const DEFAULT_DEPTH = 4;
const DEFAULT_TIME = 60_000;

/** Plain data, because it goes to a worker. */
export interface MmuMutantTask {
  readonly mutant: string;
  /** Those that pass the step. */
  readonly worlds: readonly string[];
  readonly flags: Pick<Flags, 'policy' | 'mmu' | 'vcpus'>;
  readonly depth: number;
  /** Milliseconds. */
  readonly maxTime: number;
}

export interface MmuMutantResult {
  readonly mutant: string;
  /** `broken`: the path itself cannot go on without the step. */
  readonly verdict: 'caught' | 'broken' | 'survived';
  /** Of a survivor: what every sequence in every world has been tried to. */
  readonly depth: number;
  readonly world?: string;
  readonly seconds: number;
  readonly violation?: Violation;
  readonly trace?: readonly string[];
}

/** Every step that the policy passes in these worlds, and roles that forget a bit. */
export function mmuMutantTasks(known: Sequential, flags: Flags): MmuMutantTask[] {
  const { ROLE_MUTANTS } = known;
  const { policy: names, mmu, vcpus, depth = DEFAULT_DEPTH, maxTime = DEFAULT_TIME, faultAt = '' } = flags;
  const policy = policyOf(known, flags);
  const worlds = worldsOf(known, flags);
  const passing = new Map<string, string[]>();
  for (const world of worlds) {
    const points = pointsIn(known, world, policy);
    const roles = ROLE_MUTANTS.filter(({ fault }) => points.has(fault.at));
    for (const point of [...points, ...roles.map(({ name }) => name)])
      passing.set(point, [...(passing.get(point) ?? []), world.name]);
  }
  const common = { flags: { policy: names, mmu, vcpus }, depth, maxTime };
  return [...passing]
    .filter(([mutant]) => mutant.includes(faultAt))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([mutant, names]) => ({ ...common, mutant, worlds: names }));
}

function pointsIn({ SequentialGuest }: Sequential, world: GuestWorld, policy: Proposal): Set<string> {
  const seen = new Set<string>();
  const points = new FaultPoints();
  const guest = new SequentialGuest(world, policy, {
    watch: (_, step) => {
      const point = points.next(step);
      // One operation at a time, fences order nothing.
      if (point !== undefined && step.op !== 'fence') seen.add(point);
    },
  });
  search<GuestState, GuestOperation>(guest, { depth: COLLECTED });
  return seen;
}

/** The short sequences of all worlds before the long ones of the first. */
export function performMutant(known: Sequential, task: MmuMutantTask, now: () => number): MmuMutantResult {
  const { mutant, depth, maxTime } = task;
  const { fault } = known.ROLE_MUTANTS.find(({ name }) => name === mutant) ?? { fault: { at: mutant } };
  const policy = policyOf(known, task.flags);
  const limit = new Limit(now, maxTime);
  for (let upTo = 2; upTo <= depth; upTo++) {
    for (const world of task.worlds) {
      if (limit.stop() !== undefined)
        return { mutant, verdict: 'survived', depth: upTo - 1, seconds: limit.seconds };
      const [small] = worldsOf(known, { ...task.flags, world });
      const found = tryWorld(known, small, policy, fault, upTo, limit);
      if (found !== undefined) return { mutant, depth: upTo, world, seconds: limit.seconds, ...found };
    }
  }
  const isDone = limit.stop() === undefined;
  return { mutant, verdict: 'survived', depth: isDone ? depth : depth - 1, seconds: limit.seconds };
}

function tryWorld(
  { SequentialGuest }: Sequential,
  world: GuestWorld,
  policy: Proposal,
  fault: Fault,
  depth: number,
  limit: Limit,
): Pick<MmuMutantResult, 'verdict' | 'violation' | 'trace'> | undefined {
  try {
    const guest = new SequentialGuest(world, policy, { fault });
    const found = search<GuestState, GuestOperation>(guest, { depth, stop: () => limit.stop() });
    if (found.verdict !== 'violated') return undefined;
    const { violation, trace } = found;
    return { verdict: 'caught', violation, trace: traceLines(guest, trace, undefined) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { verdict: 'broken', violation: { property: 'runs', message } };
  }
}
