import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runLitmus, type LitmusResult } from '../../../src/cli/litmus/run.ts';
import { hasEnded, locationsBy } from '../../../src/cli/litmus/ends.ts';
import { seek, waysOf } from '../../../src/cli/litmus/verdict.ts';
import type { Observation } from '../../../src/litmus/condition.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { FinalStates, observationOf } from '../../../src/litmus/states.ts';
import type { LitmusTest } from '../../../src/litmus/test.ts';
import { modelByName } from '../../../src/memory/models.ts';
import type { MemoryModel, ModelName } from '../../../src/memory/model.ts';
import { litmusCorpus as corpus } from '../../support/corpus.ts';
import { randomLitmus } from './random-litmus.ts';

function model(name: ModelName): MemoryModel {
  return modelByName(name) as MemoryModel;
}

/** What the direct search for both kinds of executions says; undefined where it cannot be used. */
function sought(test: LitmusTest, name: ModelName): Observation | undefined {
  const states = new FinalStates(test);
  const ways = waysOf(test, model(name), () => undefined);
  if (ways === undefined || ways === 'undetermined') return undefined;
  seek(
    test,
    model(name),
    ways,
    {
      begin: () => states.clear(),
      step: () => undefined,
      rejected: () => undefined,
      ends: (leaves, value) => {
        expect(leaves.every(hasEnded)).toBe(true);
        return states.add(leaves, locationsBy(test, value));
      },
    },
    states,
  );
  return observationOf(Number(states.has(true)), Number(states.has(false)));
}

function full(test: LitmusTest, name: ModelName, verdictOnly = false): LitmusResult {
  return runLitmus(test, model(name), { engine: 'graph', verdictOnly, now: () => 0 });
}

describe('the direct search says what the full one does', () => {
  it.each<ModelName>(['lkmm', 'lkmm-marked', 'x86-tso', 'sc'])(
    'on random tests under %s',
    (name) => {
      const seen: Record<Observation, number> = { Never: 0, Sometimes: 0, Always: 0 };
      fc.assert(
        fc.property(randomLitmus, (text) => {
          const test = readLitmus(text, 'random.litmus');
          const expected = full(test, name);
          if (expected.reach !== 'all') return;
          expect(full(test, name, true).observation).toBe(expected.observation);
          const found = sought(test, name);
          if (found === undefined) return;
          expect(found).toBe(expected.observation);
          seen[found] += 1;
        }),
        { numRuns: 120 },
      );
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
    },
    180_000,
  );

  it('on the tests that herd7 has judged', ({ skip }) => {
    skip(corpus.missing !== undefined, corpus.missing);
    let compared = 0;
    const lines = readFileSync(new URL('lkmm-reference.jsonl', corpus.url), 'utf8').trim().split('\n');
    for (const line of lines) {
      const { test: name, observation } = JSON.parse(line) as { test: string; observation: string | null };
      if (observation === null) continue;
      const text = readFileSync(new URL(`lkmm/${name}`, corpus.url), 'utf8');
      const found = sought(readLitmus(text, name), 'lkmm');
      if (found === undefined) continue;
      expect(`${name} ${found}`).toBe(`${name} ${observation}`);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(1000);
  }, 180_000);
});
