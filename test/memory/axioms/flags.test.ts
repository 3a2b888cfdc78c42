import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidateOf } from '../../../src/program/candidate.ts';
import { enumerate } from '../../../src/explore/enumerate.ts';
import { explore } from '../../../src/explore/explore.ts';
import { FlagWatch } from '../../../src/explore/flag-watch.ts';
import { AXIOMS, misuseFlags, raceFlags } from '../../../src/memory/axioms/index.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { eventAt } from '../../../src/program/execution.ts';
import {
  add,
  barrier,
  branch,
  loadAcquire,
  readLock,
  readOnce,
  readPlain,
  readUnlock,
  rcuReadLock,
  rcuReadUnlock,
  smpMb,
  spinLock,
  spinUnlock,
  srcuReadLock,
  srcuReadUnlock,
  storeRelease,
  synchronizeSrcu,
  writeLock,
  writeOnce,
  writePlain,
  writeUnlock,
} from '../../../src/program/operations.ts';
import type { Steps } from '../../../src/program/operation.ts';
import type { Program } from '../../../src/program/program.ts';
import { BehaviourTree } from '../../../src/program/tree.ts';
import { litmus, type Shared } from '../../support/litmus.ts';
import { asProgram, randomProgram } from '../../support/random-programs.ts';

function* nothing(): Steps {
  return;
}

/** By the explorer, with all its short cuts. */
function watched(program: Program, namesOnly = true): FlagWatch {
  const watch = new FlagWatch(namesOnly);
  explore(new BehaviourTree(program), lkmm, {
    begin: () => undefined,
    blocked: () => undefined,
    execution: (graph) => watch.seeGraph(graph),
  });
  return watch;
}

type Body = (shared: Shared) => Steps;

const flagsOf = (...bodies: readonly Body[]): readonly string[] => watched(litmus(...bodies)).names;

/** By the relations of every execution of the oracle. */
function enumerated(program: Program): string[] {
  const names = new Set<string>();
  for (const execution of enumerate(new BehaviourTree(program), AXIOMS.lkmm).executions) {
    const candidate = candidateOf(execution);
    const valueOf = (e: number): number => eventAt(execution, candidate.events.events[e]).value;
    for (const { flag } of [...raceFlags(candidate), ...misuseFlags(candidate, valueOf)]) names.add(flag);
  }
  return [...names].sort();
}

describe('data-race', () => {
  it('is two accesses, one plain, one a write, that nothing orders', () => {
    expect(
      flagsOf(
        ({ x }) => writePlain(x, 1),
        function* ({ x }) {
          yield* readOnce(x);
        },
      ),
    ).toEqual(['data-race']);
    expect(
      flagsOf(
        ({ x }) => writePlain(x, 1),
        ({ x }) => writePlain(x, 2),
      ),
    ).toEqual(['data-race']);
  });

  it('is neither two reads nor two marked accesses', () => {
    expect(
      flagsOf(
        function* ({ x }) {
          yield* readPlain(x);
        },
        function* ({ x }) {
          yield* readOnce(x);
        },
        ({ y }) => writeOnce(y, 1),
        ({ y }) => writeOnce(y, 2),
      ),
    ).toEqual([]);
  });

  it('is not what release and acquire order, if the reader looks at the flag', () => {
    const reader = (looks: boolean): Body =>
      function* ({ x, y }) {
        const flag = yield* loadAcquire(y);
        if (!looks || (yield* branch(flag)) === 1) yield* readPlain(x);
      };
    const writer: Body = function* ({ x, y }) {
      yield* writePlain(x, 1);
      yield* storeRelease(y, 1);
    };
    expect(flagsOf(writer, reader(true))).toEqual([]);
    expect(flagsOf(writer, reader(false))).toEqual(['data-race']);
  });

  it('is not there under one lock, and is there under a lock that only one side takes', () => {
    const locked: Body = function* ({ x, lock }) {
      yield* spinLock(lock);
      yield* add(x, 1);
      yield* spinUnlock(lock);
    };
    expect(flagsOf(locked, locked)).toEqual([]);
    expect(
      flagsOf(locked, function* ({ x }) {
        yield* readOnce(x);
      }),
    ).toEqual(['data-race']);
  });

  it('is not there between a read section and a write section, and is between two read sections', () => {
    const reader: Body = function* ({ x, rwlock }) {
      yield* readLock(rwlock);
      yield* add(x, 1);
      yield* readUnlock(rwlock);
    };
    const writer: Body = function* ({ x, rwlock }) {
      yield* writeLock(rwlock);
      yield* add(x, 1);
      yield* writeUnlock(rwlock);
    };
    expect(flagsOf(reader, writer)).toEqual([]);
    expect(flagsOf(reader, reader)).toEqual(['data-race']);
  });

  it('names each pair once', () => {
    const program = litmus(
      function* ({ x }) {
        yield* add(x, 1);
      },
      function* ({ x }) {
        yield* readOnce(x);
        yield* readOnce(x);
      },
    );
    const { flagged } = watched(program, false);
    expect(flagged.map(({ flag, a, b }) => [flag, a.label.text, b?.label.text])).toEqual([
      ['data-race', 'x', 'READ_ONCE(x)'],
    ]);
  });
});

describe('mixed-accesses', () => {
  it('is a plain write next to a marked access, and not behind a compiler barrier', () => {
    const mixed = (between: () => Steps): readonly string[] =>
      flagsOf(function* ({ x }) {
        yield* writePlain(x, 1);
        yield* between();
        yield* writeOnce(x, 2);
      });
    expect(mixed(nothing)).toEqual(['mixed-accesses']);
    expect(mixed(barrier)).toEqual([]);
    expect(mixed(smpMb)).toEqual([]);
  });

  it('looks at locations, at writes, and at both orders', () => {
    const two = (first: Body, second: Body): readonly string[] =>
      flagsOf(function* (shared) {
        yield* first(shared);
        yield* second(shared);
      });
    const plain: Body = ({ x }) => writePlain(x, 1);
    const once: Body = ({ x }) => writeOnce(x, 2);
    const release: Body = ({ x }) => storeRelease(x, 2);
    const elsewhere: Body = ({ y }) => writeOnce(y, 2);
    const read: Body = function* ({ x }) {
      yield* readPlain(x);
    };
    expect(two(once, plain)).toEqual(['mixed-accesses']);
    expect(two(plain, release)).toEqual([]);
    expect(two(release, plain)).toEqual(['mixed-accesses']);
    expect(two(plain, elsewhere)).toEqual([]);
    expect(two(once, read)).toEqual([]);
  });
});

describe('misuse of rcu and srcu', () => {
  it('is a lock without its unlock, and the other way round', () => {
    expect(flagsOf(() => rcuReadLock())).toEqual(['unmatched-rcu-lock']);
    expect(flagsOf(() => rcuReadUnlock())).toEqual(['unmatched-rcu-unlock']);
    expect(
      flagsOf(function* () {
        yield* rcuReadLock();
        yield* rcuReadLock();
        yield* rcuReadUnlock();
        yield* rcuReadUnlock();
      }),
    ).toEqual([]);
    expect(
      flagsOf(function* ({ x }) {
        yield* srcuReadLock(x);
      }),
    ).toEqual(['unmatched-srcu-lock']);
    expect(flagsOf(({ x }) => srcuReadUnlock(x, { value: 0, at: 99 }))).toEqual(['unmatched-srcu-unlock']);
  });

  it('is a cookie that ends two sections, and one of another srcu_struct', () => {
    expect(
      flagsOf(function* ({ x }) {
        const cookie = yield* srcuReadLock(x);
        yield* srcuReadUnlock(x, cookie);
      }),
    ).toEqual([]);
    expect(
      flagsOf(function* ({ x, y }) {
        const cookie = yield* srcuReadLock(x);
        yield* srcuReadUnlock(y, cookie);
      }),
    ).toEqual(['unmatched-srcu-lock', 'unmatched-srcu-unlock']);
    expect(
      flagsOf(function* ({ x }) {
        const cookie = yield* srcuReadLock(x);
        yield* srcuReadUnlock(x, cookie);
        yield* srcuReadUnlock(x, cookie);
      }),
    ).toEqual(['multiple-srcu-matches']);
  });

  it('follows a cookie through memory', () => {
    const down: Body = function* ({ x, y, z }) {
      const cookie = yield* srcuReadLock(x);
      yield* writeOnce(y, cookie.value, { data: [cookie] });
      yield* storeRelease(z, 1);
    };
    const up: Body = function* ({ x, y, z }) {
      if ((yield* branch(yield* loadAcquire(z))) === 0) return;
      yield* srcuReadUnlock(x, yield* readOnce(y));
    };
    // In the executions where nobody comes to unlock, the lock is unmatched.
    expect(flagsOf(down, up)).toEqual(['unmatched-srcu-lock']);
    expect(enumerated(litmus(down, up))).toEqual(['unmatched-srcu-lock']);
  });

  it('is another value than the cookie', () => {
    expect(
      flagsOf(function* ({ x }) {
        const cookie = yield* srcuReadLock(x);
        yield* srcuReadUnlock(x, { ...cookie, value: cookie.value + 1 });
      }),
    ).toEqual(['srcu-bad-value-match']);
  });

  it('is sleeping inside a section of rcu', () => {
    expect(
      flagsOf(function* ({ x }) {
        yield* rcuReadLock();
        yield* synchronizeSrcu(x);
        yield* rcuReadUnlock();
        yield* synchronizeSrcu(x);
      }),
    ).toEqual(['invalid-sleep']);
  });
});

describe('the short cuts', () => {
  it('lose no flag on random programs', () => {
    fc.assert(
      fc.property(randomProgram({ stops: false, length: 3, srcu: true }), (random) => {
        const program = asProgram(random);
        const wanted = enumerated(program);
        expect(watched(program).names).toEqual(wanted);
        const pairs = watched(program, false);
        expect(pairs.names).toEqual(wanted);
      }),
      { numRuns: 150 },
    );
  });
});
