import type { Scenario } from '../../src/check/scenario.ts';
import { call } from '../../src/program/operations.ts';

/** The scenario with each thread inside a function of the kernel, for only these have mutants. */
export function insideFunction(scenario: Scenario): Scenario {
  return {
    ...scenario,
    world() {
      const world = scenario.world();
      const threads = world.threads.map(({ name, body }) => ({ name, body: () => call('fn', body()) }));
      return { ...world, threads };
    },
  };
}
