/**
 * Values that justify themselves: LKMM lets accesses around a cycle through plain ones hand each other a value that
 * comes from nowhere (decision 18). All values that some path stores on the condition that it reads such values form
 * the greatest set of that kind; it is found from above, starting with all that the program is known to handle.
 */
import { Kind, Mark } from '../memory/event.ts';
import type { BehaviourTree } from '../program/tree.ts';
import { UNDETERMINED } from '../program/undetermined.ts';
import type { OnStep } from './effort.ts';
import { allPaths, isStore, pathsOver, type ThreadPath, type Values } from './thread-paths.ts';

const NONE: Values = () => [];

/** Programs compare with 1 more often than they store it. */
const FAMILIAR = [0, 1];

/**
 * For each location the values that its reads may deliver although no chain of writes leads to them. None where
 * nothing is plain: then happens-before forbids it.
 */
export function thinAirValues(tree: BehaviourTree, onStep: OnStep): Values {
  const { memory } = tree.program;
  const ordinary = allPaths(tree, onStep, NONE);
  if (!ordinary.flat().some(hasPlain)) return NONE;
  const found = storedValues(ordinary);
  const isLock = (loc: number): boolean => memory.at(loc).kind === 'lock';
  const known = new Set([...FAMILIAR, UNDETERMINED, ...(tree.program.literals ?? [])]);
  for (let loc = 0; loc < memory.size; loc++) {
    if (isLock(loc)) continue;
    known.add(memory.initialValue(loc));
    for (const value of found.get(loc) ?? []) known.add(value);
  }
  let seeds: Map<number, ReadonlySet<number>> | undefined;
  for (;;) {
    const stored = storedValues(
      pathsOver(
        tree,
        (loc) => {
          const more = isLock(loc) ? [] : seeds === undefined ? known : (seeds.get(loc) ?? []);
          return new Set([memory.initialValue(loc), ...(found.get(loc) ?? []), ...more]);
        },
        onStep,
      ),
    );
    const next = new Map(
      [...stored].map(([loc, values]) => [loc, intersection(values, seeds?.get(loc) ?? known)]),
    );
    const size = (map: ReadonlyMap<number, ReadonlySet<number>>): number =>
      [...map.values()].reduce((sum, { size }) => sum + size, 0);
    if (seeds !== undefined && size(next) === size(seeds)) break;
    seeds = next;
  }
  const fixed = seeds;
  return (loc) => (isLock(loc) ? [] : (fixed.get(loc) ?? []));
}

function hasPlain({ events }: ThreadPath): boolean {
  return events.some(
    ({ label: { kind, mark, rmw } }) =>
      (kind === Kind.Read || kind === Kind.Write) && mark === Mark.Plain && !rmw,
  );
}

function storedValues(paths: readonly (readonly ThreadPath[])[]): Map<number, Set<number>> {
  const values = new Map<number, Set<number>>();
  for (const { label, value } of paths.flat().flatMap(({ events }) => events.filter(isStore))) {
    const own = values.get(label.loc);
    if (own === undefined) values.set(label.loc, new Set([value]));
    else own.add(value);
  }
  return values;
}

function intersection(a: ReadonlySet<number>, b: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...a].filter((value) => b.has(value)));
}
