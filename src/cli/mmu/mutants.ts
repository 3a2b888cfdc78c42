/** `fencepost mmu mutants`: leaves out one step of KVM at a time, and says whether the search notices. */
import type { GuestOperation, GuestState, GuestWorld } from '../../../models/sequential/index.ts';
import { search, type SearchViolation } from '../../check/search/search.ts';
import { FaultPoints, type Fault } from '../../program/fault.ts';
import type { Proposal } from '../../program/site.ts';
import type { Call } from '../command.ts';
import { Exit } from '../exit.ts';
import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';
import { Table } from '../table.ts';
import { loadSequential, type Sequential } from './load.ts';
import { policiesOf, worldsOf } from './selection.ts';
import { traceLines, violationText } from './trace.ts';
import { SearchWatch } from './watch.ts';

/** How deep the points are collected: every path of the alphabet is passed by then. */
const COLLECTED = 3;
const DEFAULT_DEPTH = 4;
const DEFAULT_TIME = 60_000;

interface Mutant {
  readonly name: string;
  readonly fault: Fault;
}

export interface MutantResult {
  readonly mutant: string;
  /** `broken`: the path itself cannot go on without the step. */
  readonly verdict: 'caught' | 'broken' | 'survived';
  readonly world?: string;
  readonly operations?: number;
  readonly seconds: number;
  readonly violation?: SearchViolation;
  readonly trace?: readonly string[];
}

export async function mmuMutants({ flags, io }: Call): Promise<Exit> {
  const known = await loadSequential();
  const [policy] = policiesOf(known, flags);
  const worlds = worldsOf(known, flags);
  const mutants = mutantsOf(known, policy, worlds).filter(({ name }) => name.includes(flags.faultAt ?? ''));
  const table = new Table([
    { title: 'step left out or altered', width: Math.max(...mutants.map(({ name }) => name.length)) },
    { title: 'verdict', width: 'survived'.length },
    { title: 'world', width: Math.max(...worlds.map(({ name }) => name.length)) },
    { title: 'length', align: 'right' },
    { title: 'seconds', align: 'right', width: 7 },
  ]);
  const all: MutantResult[] = [];
  for (const mutant of mutants) {
    const result = tryMutant(known, mutant, policy, worlds, flags, io);
    if (result === undefined) break;
    all.push(result);
    if (flags.json !== true) {
      const { verdict, world = '', trace, seconds } = result;
      const length = trace === undefined ? '' : String(trace.length);
      const row = [mutant.name, verdict, world, length, seconds.toFixed(1)];
      io.out(table.next(row.map((text) => ({ text }))));
    }
  }
  if (flags.json === true) io.out(`${JSON.stringify({ policy: policy.name, mutants: all }, null, 2)}\n`);
  else io.out(summary(all, mutants.length, flags));
  return all.length < mutants.length ? Exit.Interrupted : Exit.Holds;
}

/** Every step that the policy passes in these worlds, and roles that forget a bit. */
function mutantsOf(
  { SequentialGuest, ROLE_MUTANTS }: Sequential,
  policy: Proposal,
  worlds: readonly GuestWorld[],
): readonly Mutant[] {
  const seen = new Set<string>();
  for (const world of worlds) {
    const points = new FaultPoints();
    const guest = new SequentialGuest(world, policy, {
      watch: (_, step) => {
        const point = points.next(step);
        // One operation at a time, fences order nothing.
        if (point !== undefined && step.op !== 'fence') seen.add(point);
      },
    });
    search<GuestState, GuestOperation>(guest, { depth: COLLECTED });
  }
  const steps = [...seen].sort().map((at) => ({ name: at, fault: { at } }));
  return [...steps, ...ROLE_MUTANTS];
}

/** Undefined: Ctrl-C. */
function tryMutant(
  { SequentialGuest }: Sequential,
  { name, fault }: Mutant,
  policy: Proposal,
  worlds: readonly GuestWorld[],
  { depth = DEFAULT_DEPTH, maxTime = DEFAULT_TIME }: Flags,
  io: Io,
): MutantResult | undefined {
  const watch = new SearchWatch(io, name, maxTime);
  const survived: MutantResult = { mutant: name, verdict: 'survived', seconds: 0 };
  let result = survived;
  // The short sequences of all worlds come before the long ones of the first.
  const rounds = Array.from({ length: depth - 1 }, (_, i) => i + 2);
  const isDone = io.supervise(() => {
    for (const upTo of rounds) {
      for (const world of worlds) {
        if (result.verdict !== 'survived' || watch.stop() !== undefined) return;
        result = tryWorld(new SequentialGuest(world, policy, { fault }), name, world, upTo, watch);
      }
    }
  });
  watch.clear();
  return isDone ? { ...result, seconds: watch.seconds } : undefined;
}

type Guest = InstanceType<Sequential['SequentialGuest']>;

function tryWorld(
  guest: Guest,
  mutant: string,
  { name: world }: GuestWorld,
  depth: number,
  watch: SearchWatch,
): MutantResult {
  try {
    const found = search<GuestState, GuestOperation>(guest, {
      depth,
      stop: () => watch.stop(),
      progress: ({ operations }) => watch.tick(operations, world),
    });
    const { operations } = found;
    if (found.verdict !== 'violated') return { mutant, verdict: 'survived', seconds: 0 };
    const { violation } = found;
    const trace = traceLines(guest, found.trace, undefined);
    return { mutant, verdict: 'caught', world, operations, seconds: 0, violation, trace };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { mutant, verdict: 'broken', world, seconds: 0, violation: { property: 'runs', message } };
  }
}

function summary(all: readonly MutantResult[], total: number, { maxTime = DEFAULT_TIME }: Flags): string {
  const count = (verdict: MutantResult['verdict']): number =>
    all.filter((each) => each.verdict === verdict).length;
  const lines = all
    .filter(({ verdict }) => verdict !== 'survived')
    .map(({ mutant, violation }) =>
      violation === undefined ? '' : `${mutant}\n  ${violationText(violation)}\n`,
    );
  return [
    `\n${total} mutants: ${count('caught')} caught, ${count('broken')} break the path itself,`,
    ` ${count('survived')} survive ${maxTime / 1000} s each\n\n`,
    ...lines,
  ].join('');
}
