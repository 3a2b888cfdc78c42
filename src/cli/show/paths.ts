/** What the threads of a scenario pass: found out by running them, so that it cannot be wrong. */
import type { Scenario } from '../../check/scenario.ts';
import { makeWorld, programOf } from '../../check/world.ts';
import { ordersOf } from '../../check/orders.ts';
import { runSequential } from '../../program/sequential.ts';

export interface PathOfThread {
  readonly thread: string;
  readonly functions: readonly FunctionOfPath[];
}

/** A kernel function that performs an event, with the sites of the scenario that stand in it. */
export interface FunctionOfPath {
  readonly name: string;
  readonly sites: readonly string[];
}

/**
 * Runs the threads on concrete memory, in every order of whole threads and round about, under every proposal;
 * functions that only stranger schedules reach are not listed.
 */
export function pathsOf(scenario: Scenario): PathOfThread[] {
  const names = makeWorld(scenario).threads.map(({ name }) => name);
  const seen = names.map(() => new Set<string>());
  for (const proposal of scenario.proposals) {
    for (const order of ordersOf(names.length)) {
      const run = runSequential(programOf(scenario, makeWorld(scenario), proposal), { order });
      run.execution().runs.forEach(({ events }, thread) => {
        for (const { label } of events) if (label.fn !== '') seen[thread].add(label.fn);
      });
    }
  }
  const sitesOf = (fn: string): string[] =>
    scenario.sites.filter((site) => site.fn === fn).map(({ name }) => name);
  return names.map((thread, i) => ({
    thread,
    functions: [...seen[i]].map((name) => ({ name, sites: sitesOf(name) })),
  }));
}
