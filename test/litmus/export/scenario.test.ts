import { expect, it } from 'vitest';
import { explore } from '../../../src/explore/explorer.ts';
import { record } from '../../../src/explore/record.ts';
import { exportCore } from '../../../src/litmus/export.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { defineProgram } from '../../../src/program/program.ts';
import type { Execution } from '../../../src/program/execution.ts';
import { BehaviourTree } from '../../../src/program/tree.ts';
import { scenarios } from '../../../scenarios/index.ts';
import { positives } from './round-trip.ts';

const ENOUGH = 50;

/** Thrown to leave an exploration that has shown enough. */
class Enough extends Error {}

it('finds executions of a scenario again in their cores', () => {
  const [scenario] = scenarios;
  const { memory, threads } = scenario.world();
  const program = defineProgram(scenario.name, memory, threads, scenario.proposals[0]);
  const found: Execution[] = [];
  const visit = (): void =>
    explore(new BehaviourTree(program), lkmm, {
      begin: () => undefined,
      blocked: () => undefined,
      execution(graph) {
        found.push(record(graph));
        if (found.length === ENOUGH) throw new Enough();
      },
    });
  expect(visit).toThrow(Enough);
  for (const execution of [found[0], found[ENOUGH - 1]])
    expect(positives(program, execution, lkmm, exportCore)).toBeGreaterThan(0);
});
