import { expect, it } from 'vitest';
import { explore } from '../../../src/explore/explore.ts';
import { record } from '../../../src/explore/record.ts';
import { exportCore } from '../../../src/litmus/export.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { defineProgram } from '../../../src/program/program.ts';
import type { Execution } from '../../../src/program/execution.ts';
import { BehaviourTree } from '../../../src/program/tree.ts';
import { scenarios } from '../../../scenarios/index.ts';
import { positives } from './round-trip.ts';

it('finds executions of a scenario again in their cores', () => {
  const [scenario] = scenarios;
  const { memory, threads } = scenario.world();
  const program = defineProgram(scenario.name, memory, threads, scenario.proposals[0]);
  const found: Execution[] = [];
  explore(new BehaviourTree(program), lkmm, {
    begin: () => void found.splice(0),
    blocked: () => undefined,
    execution: (graph) => void found.push(record(graph)),
  });
  expect(found.length).toBeGreaterThan(1);
  for (const execution of [found[0], found[found.length - 1]])
    expect(positives(program, execution, lkmm, exportCore)).toBeGreaterThan(0);
});
