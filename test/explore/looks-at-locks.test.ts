/** spin_trylock() and spin_is_locked(): how many executions there are, and what they order. */
import { describe, expect, it } from 'vitest';
import { lkmm } from '../../src/memory/lkmm/index.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { sc, x86Tso } from '../../src/memory/total-store-order.ts';
import { Memory, type Location, type Lock } from '../../src/program/location.ts';
import {
  branch,
  guarded,
  readOnce,
  smpRmb,
  smpWmb,
  spinIsLocked,
  spinLock,
  spinTrylock,
  spinUnlock,
  update,
  writeOnce,
} from '../../src/program/operations.ts';
import type { Steps } from '../../src/program/operation.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { runSequential } from '../../src/program/sequential.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { compare, explored, report } from '../support/agreement.ts';

interface Shared {
  readonly x: Location;
  readonly lock: Lock<{ n: number }>;
  /** What each thread found out, by thread. */
  readonly seen: readonly Location[];
}

type Body = (shared: Shared, mine: Location) => Steps;

function program(...bodies: readonly Body[]): Program {
  const memory = new Memory();
  const x = memory.location('x');
  const lock = memory.spinlock('lock', { n: 0 });
  const seen = bodies.map((_, t) => memory.location(`seen${t}`));
  const threads = bodies.map((body, t) => ({
    name: `P${t}`,
    body: () => body({ x, lock, seen }, seen[t]),
  }));
  return defineProgram('looks', memory, threads);
}

function executions(of: Program, model: MemoryModel): { executions: number; blocked: number } {
  const found = explored(new BehaviourTree(of), model);
  return { executions: found.executions.length, blocked: found.blocked.length };
}

/** What the threads stored into their `seen`, over all executions. */
function outcomes(of: Program, model: MemoryModel): string[] {
  const found = explored(new BehaviourTree(of), model).executions.map(({ runs }) =>
    runs
      .map(({ events }) => events.findLast(({ label }) => label.text.includes('seen'))?.value ?? '-')
      .join(),
  );
  return [...new Set(found)].sort();
}

const tries: Body = function* ({ lock }) {
  const taken = yield* spinTrylock(lock);
  yield* branch(taken);
  if (taken.ok) yield* spinUnlock(lock);
};

const takes: Body = function* ({ lock }) {
  yield* spinLock(lock);
  yield* spinUnlock(lock);
};

const looks: Body = function* ({ lock }) {
  yield* spinIsLocked(lock);
};

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

function choose(n: number, k: number): number {
  return factorial(n) / factorial(k) / factorial(n - k);
}

/** k of n threads get the lock, in any order; each of the others fails on the section of any of these. */
function trials(n: number): number {
  let sum = 0;
  for (let k = 1; k <= n; k++) sum += choose(n, k) * factorial(k) * k ** (n - k);
  return sum;
}

describe('the graph explorer visits each execution once, and none in vain', () => {
  it.each([1, 2, 3, 4, 5])('%i threads that try once', (n) => {
    const of = program(...Array.from({ length: n }, () => tries));
    for (const model of memoryModels)
      expect(executions(of, model)).toEqual({ executions: trials(n), blocked: 0 });
  });

  it.each([1, 2, 3, 4])('%i sections that a thread looks at: each held or past, or none begun', (n) => {
    for (const at of [0, n]) {
      const bodies = Array.from({ length: n }, () => takes);
      bodies.splice(at, 0, looks);
      for (const model of memoryModels)
        expect(executions(program(...bodies), model)).toEqual({
          executions: factorial(n) * (2 * n + 1),
          blocked: 0,
        });
    }
  });

  it('a trylock between two locks: after each, or failed on each', () => {
    // Three sections in any order, or two in any order and a failure on either.
    for (const bodies of [
      [tries, takes, takes],
      [takes, tries, takes],
      [takes, takes, tries],
    ])
      for (const model of memoryModels)
        expect(executions(program(...bodies), model)).toEqual({ executions: 6 + 2 * 2, blocked: 0 });
  });
});

describe('what looking at a lock orders', () => {
  const publishes = (fence: boolean): Body =>
    function* ({ x, lock }) {
      yield* writeOnce(x, 1);
      if (fence) yield* smpWmb();
      yield* spinLock(lock);
      yield* spinUnlock(lock);
    };
  const finds = (how: 'tries' | 'looks', fence: boolean): Body =>
    function* ({ x, lock }, mine) {
      const found = yield* how === 'tries' ? spinTrylock(lock) : spinIsLocked(lock);
      if (fence) yield* smpRmb();
      const seen = yield* readOnce(x);
      const held = how === 'tries' ? 1 - found.value : found.value;
      yield* writeOnce(mine, 2 * held + seen.value, { data: [found, seen] });
      if (how === 'looks') return;
      yield* branch(found);
      if (found.value === 1) yield* spinUnlock(lock);
    };
  /** Held, and x still 0. */
  const WEAK = '-,2';

  it.each([
    ['tries', false, false, true],
    ['tries', true, false, true],
    ['tries', false, true, true],
    ['tries', true, true, false],
    ['looks', true, false, true],
    ['looks', true, true, false],
  ] as const)('%s, smp_wmb %s, smp_rmb %s: weak under lkmm %s, never on x86', (how, wmb, rmb, isWeak) => {
    const of = program(publishes(wmb), finds(how, rmb));
    expect(outcomes(of, lkmm).includes(WEAK)).toBe(isWeak);
    for (const model of [sc, x86Tso]) expect(outcomes(of, model)).not.toContain(WEAK);
    for (const model of memoryModels) expect(report(compare(of, model))).toBe('');
  });

  it('a look may be decided by what comes after it, under lkmm', () => {
    const of = program(
      function* ({ x, lock }, mine) {
        const found = yield* spinIsLocked(lock);
        yield* writeOnce(x, 1);
        yield* writeOnce(mine, found.value, { data: [found] });
      },
      function* ({ x, lock }, mine) {
        const seen = yield* readOnce(x);
        yield* writeOnce(mine, seen.value, { data: [seen] });
        yield* branch(seen);
        yield* spinLock(lock);
        yield* spinUnlock(lock);
      },
    );
    expect(outcomes(of, lkmm)).toContain('1,1');
    for (const model of [sc, x86Tso]) expect(outcomes(of, model)).not.toContain('1,1');
  });

  it('a thread finds its own section held, and what follows it is not held by itself', () => {
    const of = program(function* ({ lock }, mine) {
      const before = yield* spinIsLocked(lock);
      yield* spinLock(lock);
      const inside = yield* spinIsLocked(lock);
      const again = yield* spinTrylock(lock);
      yield* spinUnlock(lock);
      const after = yield* spinIsLocked(lock);
      const value = 8 * before.value + 4 * inside.value + 2 * again.value + after.value;
      yield* writeOnce(mine, value, { data: [before, inside, again, after] });
    });
    for (const model of memoryModels) expect(outcomes(of, model)).toEqual(['4']);
  });
});

it('a trylock that succeeds gets what the lock guards', () => {
  const counts: Body = function* ({ lock }, mine) {
    const taken = yield* spinTrylock(lock);
    yield* branch(taken);
    if (!taken.ok) return;
    yield* update(lock, (state) => void (state.n += 1));
    const { n } = yield* guarded(lock);
    yield* writeOnce(mine, n);
    yield* spinUnlock(lock);
  };
  for (const model of memoryModels)
    expect(outcomes(program(counts, counts), model)).toEqual(['-,1', '1,-', '1,2', '2,1']);
});

it('the sequential driver knows both', () => {
  const of = program(
    function* ({ lock }) {
      yield* spinLock(lock);
      yield* spinUnlock(lock);
    },
    function* ({ lock }, mine) {
      const found = yield* spinIsLocked(lock);
      const taken = yield* spinTrylock(lock);
      yield* writeOnce(mine, 2 * found.value + taken.value, { data: [found, taken] });
      yield* branch(taken);
      if (taken.ok) yield* spinUnlock(lock);
    },
  );
  const seen = (order: readonly number[]): number =>
    runSequential(of, { order })
      .execution()
      .runs[1].events.find(({ label }) => label.text.includes('seen'))?.value ?? -1;
  expect(seen([0, 1, 1])).toBe(2);
  expect(seen([0, 0, 1, 1])).toBe(1);
  expect(seen([0, 1, 0, 1])).toBe(3);
});
