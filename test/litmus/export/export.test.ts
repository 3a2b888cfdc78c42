import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportCore, exportLitmus } from '../../../src/litmus/export.ts';
import { Fence, Mark } from '../../../src/memory/event.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { sc } from '../../../src/memory/total-store-order.ts';
import { FencepostError } from '../../../src/program/error.ts';
import { Memory, type Location, type Lock } from '../../../src/program/location.ts';
import type { Steps } from '../../../src/program/operation.ts';
import {
  add,
  assume,
  atomicAdd,
  branch,
  choose,
  clearBit,
  cmpxchg,
  fetchAdd,
  guarded,
  loadAcquire,
  lockedOnX86,
  rcuReadLock,
  rcuReadUnlock,
  readLock,
  readOnce,
  readPlain,
  readUnlock,
  setBit,
  smpMb,
  smpMbAfterSrcuReadUnlock,
  smpRmb,
  smpWmb,
  spinIsLocked,
  spinLock,
  spinTrylock,
  spinUnlock,
  srcuReadLock,
  srcuReadUnlock,
  storeRelease,
  synchronizeRcu,
  synchronizeSrcu,
  update,
  waitUntil,
  writeLock,
  writeOnce,
  writePlain,
  writeUnlock,
  xchg,
} from '../../../src/program/operations.ts';
import { defineProgram, type Program } from '../../../src/program/program.ts';
import { asProgram, randomProgram } from '../../support/random-programs.ts';
import { executionsOf, outcomeOf, outcomes, outcomesOfExport, positives } from './round-trip.ts';

interface Shared {
  readonly x: Location;
  readonly y: Location;
  readonly lock: Lock<null>;
  readonly rwlock: Lock<null>;
  readonly counted: Lock<{ n: number }>;
  readonly srcu: Location;
}

function small(...bodies: readonly ((shared: Shared) => Steps)[]): Program {
  const memory = new Memory();
  const shared: Shared = {
    x: memory.location('kvm->arch.count'),
    y: memory.location('sp[1].unsync', 3),
    lock: memory.spinlock('kvm->lock', null),
    rwlock: memory.rwlock('mmu_lock', null),
    counted: memory.spinlock('counted', { n: 0 }),
    srcu: memory.location('kvm->srcu'),
  };
  const threads = bodies.map((body, t) => ({ name: `CPU${t}`, body: () => body(shared) }));
  return defineProgram('a small program', memory, threads);
}

const message = small(
  function* ({ x, y }) {
    yield* writePlain(x, 1);
    yield* smpWmb();
    yield* writeOnce(y, 1);
  },
  function* ({ x, y }) {
    const flag = yield* readOnce(y);
    if ((yield* branch(flag)) !== 1) return;
    yield* smpRmb();
    const data = yield* readPlain(x);
    yield* writeOnce(y, data.value + 4, { data: [data] });
  },
);

const PROGRAMS: Readonly<Record<string, Program>> = {
  'message passing': message,
  'read-modify-writes': small(
    function* ({ x, y }) {
      yield* xchg(x, 2);
      yield* cmpxchg(y, 3, 7, Mark.Release);
    },
    function* ({ x, y }) {
      yield* setBit(x, 3);
      const was = yield* loadAcquire(y);
      yield* storeRelease(y, was.value === 7 ? 5 : 6, { data: [was] });
    },
  ),
  counting: small(
    function* ({ x, y }) {
      yield* fetchAdd(x, 3, Mark.Acquire);
      yield* clearBit(y, 0);
    },
    function* ({ x }) {
      yield* atomicAdd(x, 1);
    },
  ),
  locks: small(
    function* ({ x, lock, rwlock }) {
      yield* spinLock(lock);
      yield* add(x, 1);
      yield* spinUnlock(lock);
      yield* lockedOnX86('srcu_read_lock()');
      yield* writeLock(rwlock);
      yield* writeOnce(x, 7);
      yield* writeUnlock(rwlock);
    },
    function* ({ x, lock }) {
      yield* spinLock(lock);
      yield* add(x, 1);
      yield* spinUnlock(lock);
    },
  ),
  'looks at locks': small(
    function* ({ x, lock }) {
      const taken = yield* spinTrylock(lock);
      yield* branch(taken);
      if (taken.ok) {
        yield* add(x, 1);
        yield* spinUnlock(lock);
      }
    },
    function* ({ x, lock }) {
      yield* writeOnce(x, 2);
      yield* spinLock(lock);
      yield* spinUnlock(lock);
    },
    function* ({ y, lock }) {
      const held = yield* spinIsLocked(lock);
      yield* writeOnce(y, held.value, { data: [held] });
    },
  ),
  RCU: small(
    function* ({ x, y }) {
      yield* rcuReadLock();
      yield* readOnce(x);
      yield* readOnce(y);
      yield* rcuReadUnlock();
    },
    function* ({ x, y }) {
      yield* writeOnce(y, 1);
      yield* synchronizeRcu();
      yield* writeOnce(x, 1);
    },
  ),
  SRCU: small(
    function* ({ x, y, srcu }) {
      const cookie = yield* srcuReadLock(srcu);
      yield* readOnce(x);
      yield* readOnce(y);
      yield* srcuReadUnlock(srcu, cookie);
      yield* smpMbAfterSrcuReadUnlock();
    },
    function* ({ x, y, srcu }) {
      yield* writeOnce(y, 1);
      yield* synchronizeSrcu(srcu);
      yield* writeOnce(x, 1);
    },
  ),
  'awaits and assumptions': small(
    function* ({ x, y }) {
      yield* waitUntil(y, (value) => value === 1);
      yield* smpMb();
      yield* writeOnce(x, 1);
    },
    function* ({ x, y }) {
      yield* writeOnce(y, 1);
      const seen = yield* readOnce(x);
      yield* branch(seen);
      yield* assume(seen.value === 1);
    },
  ),
  'a dependency without an effect': small(
    function* ({ x, y }) {
      const seen = yield* readOnce(x);
      yield* branch(seen);
      yield* writeOnce(y, 1);
    },
    function* ({ x, y }) {
      const seen = yield* readOnce(y);
      yield* readOnce(x, { addr: [seen] });
      yield* writeOnce(x, 1, { data: [seen] });
    },
  ),
};

describe('a program as a litmus test in C', () => {
  it('reads like one of the kernel', () => {
    const [witness] = executionsOf(message, lkmm).filter(({ runs }) => runs[1].events.length > 1);
    expect(exportLitmus(message, witness)).toBe(`C a-small-program

(* count: kvm->arch.count *)
(* unsync: sp[1].unsync *)
{
	int unsync = 3;
}

/* CPU0 */
P0(int *count, int *unsync)
{
	*count = 1;
	smp_wmb();
	WRITE_ONCE(*unsync, 1);
}

/* CPU1 */
P1(int *unsync, int *count)
{
	int r0;
	int r2;

	r0 = READ_ONCE(*unsync);
	if (r0 == 1) {
		smp_rmb();
		r2 = *count;
		WRITE_ONCE(*unsync, r2 + 4);
	}
}

exists (1:r0=1 /\\ 1:r2=1 /\\ count=1 /\\ unsync=5)
`);
  });

  it.each(Object.entries(PROGRAMS))('means the same when it is read again: %s', (_, program) => {
    const expected = outcomes(program, lkmm);
    expect(expected.length).toBeGreaterThan(0);
    const again = outcomesOfExport(program, lkmm);
    expect([...new Set(again.map(unnamed))].sort()).toEqual([...new Set(expected.map(unnamed))].sort());
  });

  it('shows everything when it asks for nothing', () => {
    expect(exportLitmus(message)).toMatch(/locations \[1:r0; 1:r2; count; unsync;\]\nexists \(true\)\n$/);
  });

  it('asks for the execution that it was given', () => {
    for (const execution of executionsOf(message, lkmm)) expect(positives(message, execution, lkmm)).toBe(1);
  });

  it('calls a rwlock what it becomes', () => {
    const text = exportLitmus(
      small(function* ({ rwlock }) {
        yield* readLock(rwlock);
        yield* readUnlock(rwlock);
      }),
    );
    expect(text).toContain('spin_lock(mmu_lock); /* a rwlock for read, as a spinlock */');
  });

  it('means the same for random programs', () => {
    const kinds = Object.values(Fence).filter((kind) => kind <= Fence.X86Only);
    const ingredients = { rwlocks: false, stops: false, choices: false, fences: kinds, length: 2 };
    fc.assert(
      fc.property(randomProgram(ingredients), (random) => {
        const program = asProgram(random);
        let again: readonly string[];
        try {
          again = outcomesOfExport(program, lkmm);
        } catch (error) {
          // Addresses that reads decide cannot be said.
          if (error instanceof FencepostError && error.code.startsWith('export-')) return;
          throw error;
        }
        expect(new Set(again.map(unnamed))).toEqual(new Set(outcomes(program, lkmm).map(unnamed)));
      }),
      { numRuns: 60 },
    );
  });
});

/** Locations are numbered differently in the two programs: their final values as a bag. */
function unnamed(outcome: string): string {
  const parts = outcome.split(' ');
  const finals = parts.filter((part) => part.includes('=')).map((part) => part.slice(part.indexOf('=')));
  return [...parts.filter((part) => !part.includes('=')), ...finals.sort()].join(' ');
}

describe('the core of one execution', () => {
  const counted = ({ counted: lock, x }: Shared, from: number): Steps =>
    (function* () {
      yield* spinLock(lock);
      const { n } = yield* guarded(lock);
      yield* update(lock, (draft) => void (draft.n += from));
      yield* spinUnlock(lock);
      yield* writeOnce(x, n);
    })();
  const guarding = small(
    (shared) => counted(shared, 1),
    (shared) => counted(shared, 2),
  );

  it.each(Object.entries({ ...PROGRAMS, guarding }))('can happen again: %s', (_, program) => {
    for (const execution of executionsOf(program, lkmm))
      expect(positives(program, execution, lkmm, exportCore), exportCore(program, execution)).toBeGreaterThan(
        0,
      );
  });

  it.each(Object.entries(PROGRAMS))('happens where the execution does: %s', (_, program) => {
    const sequential = new Set(outcomes(program, sc));
    for (const execution of executionsOf(program, lkmm))
      expect(positives(program, execution, sc, exportCore) > 0, exportCore(program, execution)).toBe(
        sequential.has(outcomeOf(program, execution)),
      );
  });

  it('tells sections by the state that they leave', () => {
    const text = exportCore(guarding, executionsOf(guarding, lkmm)[0]);
    expect(text).toContain('*counted_state = 1;');
    expect(text).toContain('int *counted_state');
  });
});

describe('what a litmus test cannot say', () => {
  it.each<readonly [string, (shared: Shared) => Steps]>([
    [
      'export-guarded-state',
      function* ({ counted }) {
        yield* spinLock(counted);
        yield* update(counted, (draft) => void (draft.n += 1));
        yield* spinUnlock(counted);
      },
    ],
    [
      'export-address',
      function* ({ x, y }) {
        const which = yield* readOnce(x);
        yield* readOnce(which.value === 0 ? x : y, { addr: [which] });
        yield* writeOnce(x, 1);
      },
    ],
    [
      'export-choice',
      function* ({ x }) {
        yield* writeOnce(x, yield* choose('this', 'that'));
      },
    ],
    [
      'export-too-large',
      function* ({ x }) {
        for (let i = 0; i < 12; i++) yield* add(x, 1);
      },
    ],
  ])('%s', (code, body) => {
    expect(() => exportLitmus(small(body, body))).toThrow(expect.objectContaining({ code }));
  });
});
