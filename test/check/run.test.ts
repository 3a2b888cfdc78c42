import { describe, expect, it } from 'vitest';
import { canJudge, ENGINE_NAMES } from '../../src/check/engine.ts';
import type { Property } from '../../src/check/property.ts';
import { judge } from '../../src/check/run.ts';
import type { Scenario, World } from '../../src/check/scenario.ts';
import { contextSwitches } from '../../src/check/witness.ts';
import { memoryModels, modelByName } from '../../src/memory/models.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import { FencepostError } from '../../src/program/error.ts';
import { Memory } from '../../src/program/location.ts';
import { guarded, update, writeLock, writeOnce, writeUnlock } from '../../src/program/operations.ts';
import { AS_WRITTEN } from '../../src/program/program.ts';
import { deadlock, gate, leak, scenarioOf, wakeUp } from '../support/scenarios.ts';

const tso = modelByName('x86-tso') as MemoryModel;
const lkmm = modelByName('lkmm') as MemoryModel;
const sc = modelByName('sc') as MemoryModel;

function codeOf(scenario: Scenario): string {
  try {
    judge(scenario, AS_WRITTEN, sc);
  } catch (error) {
    if (error instanceof FencepostError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing';
}

describe('judge', () => {
  it('gives the expected verdict for every proposal and memory model, whatever the engine', () => {
    for (const engine of ENGINE_NAMES) {
      for (const model of memoryModels.filter(({ name }) => canJudge(engine, name))) {
        for (const proposal of gate.proposals) {
          const { verdict, expected, exhaustive } = judge(gate, proposal, model, { engine });
          expect(`${engine} ${model.name} ${proposal.name} ${verdict}`).toBe(
            `${engine} ${model.name} ${proposal.name} ${expected}`,
          );
          expect(exhaustive).toBe(true);
        }
      }
    }
  });

  it('finds the same counts and the same witness with every axiomatic engine', () => {
    for (const model of memoryModels) {
      const [a, b] = (['graph', 'enumerate'] as const).map((engine) =>
        judge(gate, gate.proposals[0], model, { engine }),
      );
      expect(a.executions).toBe(b.executions);
      expect(a.violations.map(({ count }) => count)).toEqual(b.violations.map(({ count }) => count));
      expect(a.witness?.replay).toBe(b.witness?.replay);
    }
  });

  it('stops at the first violation where that is enough, and has seen every execution where there is none', () => {
    const untilViolated = true;
    for (const proposal of gate.proposals) {
      const whole = judge(gate, proposal, tso);
      const { verdict, exhaustive, executions } = judge(gate, proposal, tso, { untilViolated });
      expect(verdict).toBe(whole.verdict);
      expect(exhaustive).toBe(verdict === 'safe');
      if (verdict === 'safe') expect(executions).toBe(whole.executions);
    }
  });

  it('keeps the shortest witness and says what is wrong', () => {
    const { witness, violations } = judge(gate, gate.proposals[0], tso);
    expect(witness?.property).toBe('no-stale-spte');
    expect(witness?.message).toBe('the SPTE still maps 0');
    expect(violations).toHaveLength(1);
    // The writer sees no page and ends after two events; the fault runs through.
    expect(witness?.execution.runs.map(({ events }) => events.length)).toEqual([2, 8]);
    expect(contextSwitches(witness!.execution)).toBe(1);
    expect(witness?.replay).toMatch(/^fp1:gate-vs-fault\/bare\/x86-tso:[0-9a-f]{8}:[\w-]+$/);
  });

  it('stops at a bound and then never says safe', () => {
    const both = gate.proposals[2];
    const whole = judge(gate, both, tso);
    expect(whole.verdict).toBe('safe');
    const exact = judge(gate, both, tso, { maxExecutions: whole.executions + whole.blocked });
    expect(exact).toMatchObject({ verdict: 'safe', exhaustive: true });
    const cut = judge(gate, both, tso, { maxExecutions: whole.executions - 1 });
    expect(cut).toMatchObject({ verdict: 'bounded', exhaustive: false, executions: whole.executions - 1 });
  });

  it('stops when the time is over', () => {
    let clock = 0;
    const many = scenarioOf('many', () => {
      const memory = new Memory();
      const x = memory.location('x');
      const thread = (name: string): World['threads'][number] => ({
        name,
        *body() {
          for (let i = 0; i < 3; i++) yield* writeOnce(x, i);
        },
      });
      return { memory, properties: [], threads: ['A', 'B', 'C'].map(thread) };
    });
    const options = { maxTime: 3, now: () => clock++ };
    expect(judge(many, AS_WRITTEN, sc, options)).toMatchObject({ verdict: 'bounded', executions: 32 });
    expect(judge(many, AS_WRITTEN, sc)).toMatchObject({ verdict: 'safe', executions: 1680 });
  });

  it('tells deadlocks and lost wake-ups from threads that only have not seen the last write yet', () => {
    const run = (scenario: Scenario) => judge(scenario, AS_WRITTEN, tso);
    expect(run(deadlock)).toMatchObject({ verdict: 'violated', executions: 2, blocked: 1 });
    expect(run(deadlock).witness).toMatchObject({
      property: 'no-deadlock',
      message: 'waits for ever: CPU0: spin_lock(&b); CPU1: spin_lock(&a)',
    });
    expect(run(wakeUp(1))).toMatchObject({ verdict: 'safe' });
    expect(run(wakeUp(2)).witness).toMatchObject({
      property: 'no-deadlock',
      message: 'waits for ever: CPU0 (sleeps): READ_ONCE(flag)',
    });
  });

  it('reports what a path itself violates, and not what that leaves behind', () => {
    const { violations, verdict } = judge(leak, AS_WRITTEN, tso);
    expect(verdict).toBe('violated');
    expect(violations.map(({ property }) => property)).toEqual(['lock-discipline']);
  });

  it('shows properties what the lock guards and who wrote last', () => {
    const seen: unknown[] = [];
    const counting = scenarioOf('counting', () => {
      const memory = new Memory();
      const lock = memory.rwlock('mmu_lock', { count: 0 });
      const x = memory.location('x', 7);
      const property: Property = {
        name: 'looks',
        doc: '',
        check(final) {
          const writer = final.writer(x);
          seen.push([final.state(lock), final.value(x), writer?.thread, final.execution().runs.length]);
          return undefined;
        },
      };
      const thread = (name: string, value: number): World['threads'][number] => ({
        name,
        *body() {
          yield* writeLock(lock);
          const { count } = yield* guarded(lock);
          yield* update(lock, (state) => void (state.count = count + value));
          if (value === 1) yield* writeOnce(x, value);
          yield* writeUnlock(lock);
        },
      });
      return { memory, properties: [property], threads: [thread('A', 1), thread('B', 10)] };
    });
    for (const engine of ['graph', 'enumerate'] as const) {
      seen.length = 0;
      judge(counting, AS_WRITTEN, sc, { engine });
      expect(seen).toEqual([
        [{ count: 11 }, 1, 0, 2],
        [{ count: 11 }, 1, 0, 2],
      ]);
    }
  });

  it('counts schedules when it interleaves, and has no witness then', () => {
    const engine = 'interleave';
    const bare = judge(gate, gate.proposals[0], tso, { engine });
    expect(bare).toMatchObject({ verdict: 'violated', witness: undefined });
    expect(bare.violations).toMatchObject([{ property: 'no-stale-spte', count: 1 }]);
    expect(bare.executions).toBeGreaterThan(judge(gate, gate.proposals[0], sc, { engine }).executions);
    expect(judge(deadlock, AS_WRITTEN, sc, { engine }).violations).toMatchObject([
      { property: 'no-deadlock' },
    ]);
    expect(() => judge(gate, gate.proposals[0], lkmm, { engine })).toThrow('does not know lkmm');
  });

  it('reports broken scenarios as what they are', () => {
    const memory = new Memory();
    const x = memory.location('x');
    const world = (changes: Partial<World>): World => ({
      memory,
      properties: [],
      threads: [
        {
          name: 'CPU0',
          *body() {
            yield* writeOnce(x, 1);
          },
        },
      ],
      ...changes,
    });
    const boom = (): never => {
      throw new TypeError('no such thing');
    };
    expect(codeOf(scenarioOf('w', boom))).toBe(
      'world-failed: scenario «w»: its world() failed: TypeError: no such thing',
    );
    const property = { name: 'p', doc: '', check: boom };
    expect(codeOf(scenarioOf('p', () => world({ properties: [property] })))).toMatch(
      /^property-failed: scenario «p»: property «p» failed instead of answering: TypeError/,
    );
    const thread = {
      name: 'CPU0',
      *body() {
        boom();
      },
    };
    expect(codeOf(scenarioOf('t', () => world({ threads: [thread] })))).toMatch(
      /^path-failed: scenario «t»: the path of CPU0 failed: TypeError/,
    );
    expect(codeOf(scenarioOf('e', () => world({ threads: [] })))).toBe(
      'world-incomplete: scenario «e»: what world() returns has no threads',
    );
  });
});
