import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runLitmus, type LitmusResult } from '../../../src/cli/litmus/run.ts';
import type { EngineName } from '../../../src/check/engine.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import type { ModelName } from '../../../src/memory/model.ts';
import { modelByName } from '../../../src/memory/models.ts';

const folder = new URL('./shapes/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.litmus'));

function run(name: string, model: ModelName = 'lkmm', engine: EngineName = 'graph'): LitmusResult {
  const test = readLitmus(readFileSync(new URL(name, folder), 'utf8'), name);
  const found = modelByName(model);
  if (found === undefined) throw new Error(`no ${model}`);
  return runLitmus(test, found, { engine, now: () => 0 });
}

describe('the classic shapes', () => {
  it.each(names)('%s comes out as it says', (name) => {
    const { test, observation } = run(name);
    expect(test.name).toBe(name.replace('.litmus', ''));
    expect(observation).toBe(test.info.get('Result'));
  });

  it.each(names)('%s: the engines count alike', (name) => {
    const counted = (engine: EngineName): unknown => {
      const { states, positive, negative } = run(name, 'lkmm', engine);
      return { states, positive, negative };
    };
    expect(counted('enumerate')).toEqual(counted('graph'));
  });

  // The machine does not know RCU.
  const known = names.filter((name) => !name.includes('rcu'));

  it.each(known)('%s: final states of x86-tso as a machine reaches them', (name) => {
    const states = (engine: EngineName): unknown =>
      run(name, 'x86-tso', engine).states.map(({ values }) => values);
    expect(states('interleave')).toEqual(states('graph'));
  });
});
