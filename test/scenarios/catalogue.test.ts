import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineProgram, runSequential, type Proposal, type Scenario } from 'fencepost';
import { judge } from '../../src/check/run.ts';
import { expectedVerdict } from '../../src/check/scenario.ts';
import type { ModelName } from '../../src/memory/model.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { sc, x86Tso } from '../../src/memory/total-store-order.ts';
import * as allSites from '../../models/sites/index.ts';
import { scenarios } from '../../scenarios/index.ts';
import { bugs, protocols } from '../../scenarios/protocols.ts';
import { forEachProposal } from '../support/same-choices.ts';

const sites = Object.values(allSites).flatMap((site) => ('options' in site ? [site] : []));

/** What the interleaving oracle may meet before it gives up: some seconds. */
const MAX_STATES = 20_000;

/** Scenarios of which it cannot end some proposal within that; the graph explorer alone has judged these. */
const BEYOND_ORACLE: Readonly<Record<string, readonly ModelName[]>> = {
  'repointed-table-vs-two-faults': ['x86-tso'],
  'sync-vs-guest-write': ['sc', 'x86-tso'],
  'two-writers-vs-two-faults': ['sc', 'x86-tso'],
  'sync-vs-write-fault': ['sc', 'x86-tso'],
  'switch-vs-zap-all': ['sc', 'x86-tso'],
  'dirty-log-vs-shadowing': ['sc', 'x86-tso'],
  'delayed-flush-vs-invalidation': ['sc', 'x86-tso'],
  'map-vs-zap': ['x86-tso'],
  'walk-vs-table-zap': ['x86-tso'],
};

function catalogued(id: string): boolean {
  return [...protocols, ...bugs].some((entry) => entry.id === id);
}

/** The scenario under a proposal that makes a path fail where it passes one of the sites. */
function stumbles(scenario: Scenario, base: Proposal, names: readonly string[]): boolean {
  const trap = Object.fromEntries(names.map((name) => [name, 'trap']));
  try {
    judge(scenario, { ...base, choices: { ...base.choices, ...trap } }, sc);
    return false;
  } catch {
    return true;
  }
}

describe.each(scenarios.map((scenario) => ({ name: scenario.name, scenario })))('$name', ({ scenario }) => {
  it('names exactly the sites that its paths pass', () => {
    const own = scenario.sites.map(({ name }) => name);
    const others = sites.map(({ name }) => name).filter((name) => !own.includes(name));
    const [base] = scenario.proposals;
    expect(stumbles(scenario, base, others)).toBe(false);
    expect(own.filter((name) => !scenario.proposals.some((p) => stumbles(scenario, p, [name])))).toEqual([]);
  });

  it('has proposals that choose options of sites that there are', () => {
    for (const { name: proposal, choices } of scenario.proposals) {
      for (const [name, option] of Object.entries(choices)) {
        const options = sites.find((site) => site.name === name)?.options;
        expect(options, `${proposal}: ${name}`).toContain(option);
      }
    }
  });

  it('gives each proposal one expectation, with a reason', () => {
    const mentioned = scenario.expectations.flatMap(({ proposals }) => proposals);
    expect([...mentioned].sort()).toEqual(scenario.proposals.map(({ name }) => name).sort());
    for (const { because } of scenario.expectations) expect(because.length).toBeGreaterThan(20);
  });

  it('claims of its mutants, equivalents and bugs only what its expectations say', () => {
    const { mutants = [], equivalents = [] } = scenario;
    const expected = (proposal: string): string[] => {
      expect(scenario.proposals.map(({ name }) => name)).toContain(proposal);
      return memoryModels.map(({ name }) => expectedVerdict(scenario, proposal, name));
    };
    for (const mutant of mutants) expect(expected(mutant), mutant).toContain('violated');
    for (const mutant of equivalents) {
      expected(mutant);
      expect(expectedVerdict(scenario, mutant, 'x86-tso'), mutant).toBe('safe');
    }
    for (const { id, buggy, fixed } of scenario.bugs ?? []) {
      expect(catalogued(id), id).toBe(true);
      const [found, proven] = [expected(buggy), expected(fixed)];
      expect(
        found.some((verdict, i) => verdict === 'violated' && proven[i] === 'safe'),
        id,
      ).toBe(true);
    }
    expect((scenario.protocols ?? []).every(catalogued)).toBe(true);
  });

  it('catches a neighbour of what it calls safe, under every memory model', () => {
    for (const { name } of memoryModels) {
      const verdicts = scenario.proposals.map((proposal) => expectedVerdict(scenario, proposal.name, name));
      if (verdicts.includes('safe')) expect(verdicts).toContain('violated');
    }
  });

  it('has the verdicts expected on all interleavings with store buffers, by the oracle', () => {
    for (const model of [sc, x86Tso]) {
      const isBeyond = (BEYOND_ORACLE[scenario.name] ?? []).includes(model.name);
      const judgements = forEachProposal(
        scenario.proposals,
        (proposal) =>
          judge(scenario, proposal, model, { engine: 'interleave', maxStates: MAX_STATES }).verdict,
      );
      const judged = judgements.filter(({ answer }) => !isBeyond || answer !== 'bounded');
      const expected = judged.map(({ proposal }) => expectedVerdict(scenario, proposal.name, model.name));
      expect(judged.map(({ answer }) => answer)).toEqual(expected);
      expect(judged.length < judgements.length, 'what the oracle cannot end is listed').toBe(isBeyond);
    }
  });

  it('shows nothing on any schedule of concrete memory that exploring it under sc does not', () => {
    const safe = scenario.proposals.filter(({ name }) => expectedVerdict(scenario, name, 'sc') === 'safe');
    forEachProposal(safe, (proposal) => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 0, max: scenario.world().threads.length - 1 }), { maxLength: 120 }),
          (order) => {
            const { memory, threads, properties } = scenario.world();
            const run = runSequential(defineProgram(scenario.name, memory, threads, proposal), { order });
            const endings = threads.map((_, thread) => run.ending(thread).status);
            // A schedule of no interest: it waits for something again that it has seen in vain before.
            if (endings.includes('dropped')) return;
            expect(new Set(endings)).toEqual(new Set(['end']));
            for (const property of properties) expect(property.check(run)).toBeUndefined();
          },
        ),
        { numRuns: 30 },
      );
    });
  });
});
