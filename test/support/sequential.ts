/** Worlds and policies of the sequential search by name, and searches of them. */
import { search, type Fault, type Proposal, type SearchResult } from 'fencepost';
import {
  BASELINE,
  POLICIES,
  ROLE_MUTANTS,
  SequentialGuest,
  WORLDS,
  type GuestOperation,
  type GuestState,
  type GuestWorld,
} from '../../models/sequential/index.ts';

export const worlds: readonly GuestWorld[] = Object.values(WORLDS).flat();

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

export const worldNamed = (name: string): GuestWorld => named(worlds, name);
export const policyNamed = (name: string): Proposal => named(POLICIES, name);

export function searched(world: string, policy: Proposal, depth: number): SearchResult<GuestOperation> {
  return search<GuestState, GuestOperation>(new SequentialGuest(worldNamed(world), policy), { depth });
}

export function searchedWith(
  fault: Fault,
  world: string,
  depth: number,
  policy = BASELINE,
): SearchResult<GuestOperation> {
  const guest = new SequentialGuest(worldNamed(world), policy, { fault });
  return search<GuestState, GuestOperation>(guest, { depth });
}

/** The baseline with one step left out. */
export function searchedWithout(at: string, world: string, depth: number): SearchResult<GuestOperation> {
  return searchedWith({ at }, world, depth);
}

/** The baseline with a role that forgets a bit, by the name of the mutant. */
export function searchedWithRole(name: string, world: string, depth: number): SearchResult<GuestOperation> {
  return searchedWith(named(ROLE_MUTANTS, name).fault, world, depth);
}

export function propertyOf(found: SearchResult<GuestOperation>): string | undefined {
  return found.verdict === 'violated' ? found.violation.property : undefined;
}

export function lengthOf(found: SearchResult<GuestOperation>): number | undefined {
  return found.verdict === 'violated' ? found.trace.length : undefined;
}

/** The same search twice: with what it remembers, and going through every run of KVM. */
export function rememberedAndWatched(world: string, depth: number): readonly unknown[] {
  const result = (watch?: () => void): unknown => {
    const passed = new Set<string>();
    const guest = new SequentialGuest(worldNamed(world), BASELINE, {
      watch,
      passed: (notes) => void passed.add(notes.join()),
    });
    return { ...search<GuestState, GuestOperation>(guest, { depth }), passed: passed.size };
  };
  return [result(), result(() => undefined)];
}
