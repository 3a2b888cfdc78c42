import { describe, expect, it } from 'vitest';
import { expectedVerdict } from '../../src/check/scenario.ts';
import { judge } from '../../src/check/run.ts';
import type { ModelName } from '../../src/memory/model.ts';
import { sc } from '../../src/memory/total-store-order.ts';
import { scenarios } from '../../scenarios/index.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';

/**
 * The tables of the founding question, one letter for each of sc, x86-tso, lkmm-marked and lkmm: S safe,
 * V violated. They are kept apart from the expectations in the scenarios, so that neither can drift alone.
 */
const MODELS: readonly ModelName[] = ['sc', 'x86-tso', 'lkmm-marked', 'lkmm'];

const UNFENCED = {
  'v6.3': 'SVVV',
  'v6.6': 'SVVV',
  'lock-removal': 'SVVV',
  'writer-fence-only': 'SVVV',
  'fault-fence-only': 'SVVV',
  'v2-2024': 'SVVV',
  'rfc-2023': 'SSSV',
  'v6.10': 'SSSV',
  'v6.10-once': 'SSSS',
};

const ALL_SAFE = Object.fromEntries(P01_PROPOSALS.map(({ name }) => [name, 'SSSS']));

/** Where a flush or the guest entry fences the fault, only the writer's side is left. */
const FENCED_FAULT = {
  ...UNFENCED,
  'v6.3': 'SSVV',
  'lock-removal': 'SSVV',
  'writer-fence-only': 'SSSS',
  'v2-2024': 'SSSV',
};

const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'emulated-write-vs-first-fault': UNFENCED,
  'emulated-write-vs-root-load': FENCED_FAULT,
  'cmpxchg-write-vs-first-fault': { ...UNFENCED, 'fault-fence-only': 'SSSS' },
  'emulated-write-vs-first-fault-mapped': FENCED_FAULT,
  'last-zap-vs-emulated-write': ALL_SAFE,
  'heuristic-reader-vs-fault': ALL_SAFE,
  'heuristic-reader-vs-zap': ALL_SAFE,
  'two-writers-vs-fault': UNFENCED,
  'writer-vs-two-faults': UNFENCED,
};

/** Executions under sc: a scenario whose space grows or shrinks has changed its meaning. */
const EXECUTIONS: Readonly<Record<string, number>> = {
  'emulated-write-vs-first-fault': 8,
  'emulated-write-vs-root-load': 8,
  'cmpxchg-write-vs-first-fault': 8,
  'emulated-write-vs-first-fault-mapped': 8,
  'last-zap-vs-emulated-write': 4,
  'heuristic-reader-vs-fault': 3,
  'heuristic-reader-vs-zap': 4,
  'two-writers-vs-fault': 75,
  'writer-vs-two-faults': 31,
};

const letters = (verdicts: readonly string[]): string =>
  verdicts.map((verdict) => (verdict === 'safe' ? 'S' : 'V')).join('');

describe.each(Object.entries(TABLES))('%s', (name, table) => {
  const scenario = scenarios.find((known) => known.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);

  it('states the verdicts of the table', () => {
    const stated = P01_PROPOSALS.map((proposal) => [
      proposal.name,
      letters(MODELS.map((model) => expectedVerdict(scenario, proposal.name, model))),
    ]);
    expect(Object.fromEntries(stated)).toEqual(table);
  });

  it('has a space of the size known, and blocks only where a path gives up', () => {
    const judgements = scenario.proposals.map((proposal) => judge(scenario, proposal, sc));
    const latest = judgements.find(({ proposal }) => proposal.name === 'v6.10-once');
    expect(latest?.executions).toBe(EXECUTIONS[name]);
    for (const { blocked, violations } of judgements) {
      if (blocked > 0) expect(violations.map(({ property }) => property)).toEqual(['lock-discipline']);
    }
  });
});
