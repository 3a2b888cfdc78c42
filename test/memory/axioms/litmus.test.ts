/**
 * The classic shapes under the axioms, with the verdicts of the literature (herd's test suites and the LKMM
 * documentation; names as there).
 */
import { describe, expect, it } from 'vitest';
import type { ModelName } from '../../../src/memory/model.ts';
import { Mark } from '../../../src/memory/event.ts';
import {
  branch,
  cmpxchg,
  loadAcquire,
  readOnce,
  smpMb,
  smpMbAfterAtomic,
  smpMbAfterSpinlock,
  smpMbAfterUnlockLock,
  smpMbBeforeAtomic,
  smpRmb,
  smpWmb,
  spinLock,
  spinUnlock,
  storeRelease,
  writeOnce,
  xchg,
  lockedOnX86,
} from '../../../src/program/operations.ts';
import type { Steps } from '../../../src/program/operation.ts';
import type { Location } from '../../../src/program/location.ts';
import { allowedBy, litmus, type Outcome, type Shared } from '../../support/litmus.ts';

const NONE: ModelName[] = [];
const TSO: ModelName[] = ['x86-tso', 'lkmm-marked', 'lkmm'];
const WEAK: ModelName[] = ['lkmm-marked', 'lkmm'];

type Body = (shared: Shared) => Steps;
type Name = 'x' | 'y' | 'z';
type Between = (() => Steps) | undefined;

const nothing: Between = undefined;

/** WRITE_ONCE(a); between; WRITE_ONCE(b) */
function writes(a: Name, b: Name, between: Between = nothing, values = [1, 1]): Body {
  return function* (s) {
    yield* writeOnce(s[a], values[0]);
    if (between !== undefined) yield* between();
    yield* writeOnce(s[b], values[1]);
  };
}

function reads(a: Name, b: Name, between: Between = nothing): Body {
  return function* (s) {
    yield* readOnce(s[a]);
    if (between !== undefined) yield* between();
    yield* readOnce(s[b]);
  };
}

function writeThenRead(a: Name, b: Name, between: Between = nothing, value = 1): Body {
  return function* (s) {
    yield* writeOnce(s[a], value);
    if (between !== undefined) yield* between();
    yield* readOnce(s[b]);
  };
}

type Dependency = 'none' | 'data' | 'addr' | 'ctrl' | 'mb' | 'release' | 'acquire';

function readThenWrite(a: Name, b: Name, how: Dependency = 'none'): Body {
  return function* (s) {
    const r = yield* how === 'acquire' ? loadAcquire(s[a]) : readOnce(s[a]);
    if (how === 'mb') yield* smpMb();
    if (how === 'ctrl') yield* branch(r);
    if (how === 'release') yield* storeRelease(s[b], 1);
    else yield* writeOnce(s[b], 1, how === 'data' ? { data: [r] } : how === 'addr' ? { addr: [r] } : {});
  };
}

function readThenRead(a: Name, b: Name, how: Dependency): Body {
  return function* (s) {
    const r = yield* how === 'acquire' ? loadAcquire(s[a]) : readOnce(s[a]);
    if (how === 'ctrl') yield* branch(r);
    yield* readOnce(s[b], how === 'addr' ? { addr: [r] } : {});
  };
}

const write =
  (a: Name, value = 1): Body =>
  (s) =>
    writeOnce(s[a], value);

function verdicts(
  name: string,
  threads: readonly Body[],
  wanted: (o: Outcome) => boolean,
  allowed: ModelName[],
): void {
  it(`${name}: ${allowed.length === 0 ? 'forbidden everywhere' : `allowed by ${allowed.join(', ')}`}`, () => {
    expect(allowedBy(litmus(...threads), wanted)).toEqual(allowed);
  });
}

describe('store buffering (SB)', () => {
  const both0 = ({ r }: Outcome): boolean => r[0].at(-1) === 0 && r[1].at(-1) === 0;
  const sb2 = (a: Between, b: Between): Body[] => [writeThenRead('x', 'y', a), writeThenRead('y', 'x', b)];
  const sb = (both: Between): Body[] => sb2(both, both);
  verdicts('SB', sb(nothing), both0, TSO);
  verdicts('SB+mbs', sb(smpMb), both0, NONE);
  verdicts('SB+mb+po', sb2(smpMb, nothing), both0, TSO);
  verdicts('SB+wmbs', sb(smpWmb), both0, TSO);
  verdicts(
    'SB+locked fences of x86 only',
    sb(() => lockedOnX86('set_bit()')),
    both0,
    WEAK,
  );
  verdicts('SB+before_atomic alone', sb(smpMbBeforeAtomic), both0, TSO);

  const exchange = (mark: Mark): Body[] =>
    (['xy', 'yx'] as const).map((names) => {
      const [a, b] = [...names] as [Name, Name];
      return function* (s): Steps {
        yield* xchg(s[a], 1, mark);
        yield* readOnce(s[b]);
      };
    });
  verdicts('SB+xchg', exchange(Mark.Full), both0, NONE);
  verdicts('SB+xchg_relaxed', exchange(Mark.Once), both0, WEAK);
  verdicts('SB+xchg_acquire', exchange(Mark.Acquire), both0, WEAK);

  const failing = (mark: Mark, after: Between = nothing, before: Between = nothing): Body[] =>
    (['xy', 'yx'] as const).map((names) => {
      const [a, b] = [...names] as [Name, Name];
      return function* (s): Steps {
        yield* writeOnce(s[a], 1);
        if (before !== undefined) yield* before();
        yield* cmpxchg(s.z, 7, 1, mark);
        if (after !== undefined) yield* after();
        yield* readOnce(s[b]);
      };
    });
  verdicts('SB+failed cmpxchg', failing(Mark.Full), both0, WEAK);
  // The set RMW of the model contains failed ones; only the tags do not.
  verdicts('SB+failed cmpxchg+after_atomic', failing(Mark.Full, smpMbAfterAtomic), both0, NONE);
  verdicts('SB+before_atomic+failed cmpxchg', failing(Mark.Full, nothing, smpMbBeforeAtomic), both0, NONE);
});

describe('message passing (MP)', () => {
  const stale = ({ r }: Outcome): boolean => r[1][0] === 1 && r[1][1] === 0;
  const mp = (w: Between, r: Between): Body[] => [writes('x', 'y', w), reads('y', 'x', r)];
  verdicts('MP', mp(nothing, nothing), stale, WEAK);
  verdicts('MP+wmb+po', mp(smpWmb, nothing), stale, WEAK);
  verdicts('MP+po+rmb', mp(nothing, smpRmb), stale, WEAK);
  verdicts('MP+wmb+rmb', mp(smpWmb, smpRmb), stale, NONE);
  verdicts('MP+mb+rmb', mp(smpMb, smpRmb), stale, NONE);
  verdicts('MP+rmb+wmb', mp(smpRmb, smpWmb), stale, WEAK);
  const release: Body = function* (s) {
    yield* writeOnce(s.x, 1);
    yield* storeRelease(s.y, 1);
  };
  verdicts('MP+release+acquire', [release, readThenRead('y', 'x', 'acquire')], stale, NONE);
  verdicts('MP+release+po', [release, reads('y', 'x')], stale, WEAK);
  verdicts('MP+release+addr', [release, readThenRead('y', 'x', 'addr')], stale, NONE);
  verdicts('MP+release+ctrl', [release, readThenRead('y', 'x', 'ctrl')], stale, WEAK);
});

describe('load buffering (LB)', () => {
  const both1 = ({ r }: Outcome): boolean => r[0][0] === 1 && r[1][0] === 1;
  const lb = (a: Dependency, b: Dependency): Body[] => [
    readThenWrite('x', 'y', a),
    readThenWrite('y', 'x', b),
  ];
  verdicts('LB', lb('none', 'none'), both1, WEAK);
  verdicts('LB+data+po', lb('data', 'none'), both1, WEAK);
  for (const how of ['data', 'addr', 'ctrl', 'mb', 'release', 'acquire'] as const)
    verdicts(`LB+${how}s`, lb(how, how), both1, NONE);
  verdicts('LB+ctrl+release', lb('ctrl', 'release'), both1, NONE);
});

describe('write-to-write shapes (2+2W, R, S)', () => {
  const w22 = (between: Between): Body[] => [
    writes('x', 'y', between, [1, 2]),
    writes('y', 'x', between, [1, 2]),
  ];
  const both1 = ({ final }: Outcome): boolean => final.x === 1 && final.y === 1;
  verdicts('2+2W', w22(nothing), both1, WEAK);
  // herd agrees: a cycle of `prop` with no strong fence in it breaks no axiom.
  verdicts('2+2W+wmbs', w22(smpWmb), both1, WEAK);
  verdicts('2+2W+mbs', w22(smpMb), both1, NONE);

  const rShape = (a: Between, b: Between): Body[] => [
    writes('x', 'y', a, [1, 1]),
    writeThenRead('y', 'x', b, 2),
  ];
  const r = (o: Outcome): boolean => o.final.y === 2 && o.r[1][0] === 0;
  verdicts('R', rShape(nothing, nothing), r, TSO);
  verdicts('R+wmb+mb', rShape(smpWmb, smpMb), r, WEAK);
  verdicts('R+mbs', rShape(smpMb, smpMb), r, NONE);

  const sShape = (a: Between, b: Dependency): Body[] => [
    writes('x', 'y', a, [2, 1]),
    readThenWrite('y', 'x', b),
  ];
  const s = (o: Outcome): boolean => o.r[1][0] === 1 && o.final.x === 2;
  verdicts('S', sShape(nothing, 'none'), s, WEAK);
  verdicts('S+wmb+data', sShape(smpWmb, 'data'), s, NONE);
  verdicts('S+wmb+po', sShape(smpWmb, 'none'), s, WEAK);
});

describe('three and four threads (WRC, ISA2, IRIW)', () => {
  const wrc = (how: Dependency, between: Between): Body[] => [
    write('x'),
    readThenWrite('x', 'y', how),
    reads('y', 'x', between),
  ];
  const wrcStale = ({ r }: Outcome): boolean => r[1][0] === 1 && r[2][0] === 1 && r[2][1] === 0;
  verdicts('WRC', wrc('none', nothing), wrcStale, WEAK);
  verdicts('WRC+data+rmb', wrc('data', smpRmb), wrcStale, WEAK);
  verdicts('WRC+release+rmb', wrc('release', smpRmb), wrcStale, NONE);
  verdicts('WRC+mb+rmb', wrc('mb', smpRmb), wrcStale, NONE);

  const isa2 = (between: Between, how: Dependency): Body[] => [
    writes('x', 'y', between),
    readThenWrite('y', 'z', how),
    reads('z', 'x', smpRmb),
  ];
  const isa2Stale = ({ r }: Outcome): boolean => r[1][0] === 1 && r[2][0] === 1 && r[2][1] === 0;
  // smp_wmb() is not cumulative towards a thread that only has a dependency.
  verdicts('ISA2+wmb+data+rmb', isa2(smpWmb, 'data'), isa2Stale, WEAK);
  verdicts('ISA2+wmb+release+rmb', isa2(smpWmb, 'release'), isa2Stale, NONE);
  verdicts('ISA2+po+data+rmb', isa2(nothing, 'data'), isa2Stale, WEAK);

  const iriw = (between: Between): Body[] => [
    write('x'),
    reads('x', 'y', between),
    write('y'),
    reads('y', 'x', between),
  ];
  const split = ({ r }: Outcome): boolean => r[1][0] === 1 && r[1][1] === 0 && r[3][0] === 1 && r[3][1] === 0;
  verdicts('IRIW', iriw(nothing), split, WEAK);
  verdicts('IRIW+rmbs', iriw(smpRmb), split, WEAK);
  verdicts('IRIW+mbs', iriw(smpMb), split, NONE);
});

describe('coherence', () => {
  verdicts('CoRR', [write('x'), reads('x', 'x')], ({ r }) => r[1][0] === 1 && r[1][1] === 0, NONE);
  verdicts('CoWW', [writes('x', 'x', nothing, [1, 2])], ({ final }) => final.x !== 2, NONE);
  verdicts(
    'CoWR',
    [writeThenRead('x', 'x'), write('x', 2)],
    ({ r, final }) => r[0][0] === 2 && final.x === 1,
    NONE,
  );
  verdicts('CoRW1', [readThenWrite('x', 'x')], ({ r }) => r[0][0] === 1, NONE);
  verdicts(
    'CoRW2',
    [readThenWrite('x', 'x'), write('x', 2)],
    ({ r, final }) => r[0][0] === 2 && final.x === 2,
    NONE,
  );
  const add: Body = (s) => xchgTwice(s.x);
  verdicts(
    'two atomics never read the same write',
    [add, add],
    ({ r }) => r[0][0] === 0 && r[1][0] === 0,
    NONE,
  );
});

function* xchgTwice(loc: Location): Steps {
  yield* xchg(loc, 1, Mark.Once);
}

describe('locks', () => {
  const locked = (body: Body): Body =>
    function* (s) {
      yield* spinLock(s.lock);
      yield* body(s);
      yield* spinUnlock(s.lock);
    };
  const both0 = ({ r }: Outcome): boolean => r[0].at(-1) === 0 && r[1].at(-1) === 0;
  verdicts(
    'SB inside sections',
    [locked(writeThenRead('x', 'y')), locked(writeThenRead('y', 'x'))],
    both0,
    NONE,
  );
  const around: (between: Between) => Body[] = (between) =>
    (['xy', 'yx'] as const).map((names) => {
      const [a, b] = [...names] as [Name, Name];
      return function* (s): Steps {
        yield* writeOnce(s[a], 1);
        yield* spinLock(s.lock);
        if (between !== undefined) yield* between();
        yield* spinUnlock(s.lock);
        yield* readOnce(s[b]);
      };
    });
  verdicts('SB around sections', around(nothing), both0, NONE);
  const reader: Body = function* (s) {
    yield* spinLock(s.lock);
    yield* readOnce(s.y);
    yield* spinUnlock(s.lock);
    yield* readOnce(s.x);
  };
  const stale = ({ r }: Outcome): boolean => r[1][0] === 1 && r[1][1] === 0;
  verdicts(
    'MP, data written before the section',
    [
      function* (s) {
        yield* writeOnce(s.x, 1);
        yield* spinLock(s.lock);
        yield* writeOnce(s.y, 1);
        yield* spinUnlock(s.lock);
      },
      reader,
    ],
    stale,
    NONE,
  );
  // unlock-lock orders W W and R R in the same thread, but W R only with a fence.
  const handover = (between: Between): Body =>
    function* (s) {
      yield* spinLock(s.lock);
      yield* writeOnce(s.x, 1);
      yield* spinUnlock(s.lock);
      yield* spinLock(s.lock);
      if (between !== undefined) yield* between();
      yield* readOnce(s.y);
      yield* spinUnlock(s.lock);
    };
  const other = writeThenRead('y', 'x', smpMb);
  verdicts('unlock;lock as a fence', [handover(nothing), other], both0, WEAK);
  verdicts('unlock;lock;after_unlock_lock', [handover(smpMbAfterUnlockLock), other], both0, NONE);
  const entering = (between: Between): Body =>
    function* (s) {
      yield* writeOnce(s.x, 1);
      yield* spinLock(s.lock);
      if (between !== undefined) yield* between();
      yield* readOnce(s.y);
      yield* spinUnlock(s.lock);
    };
  verdicts('lock as a fence', [entering(nothing), other], both0, WEAK);
  verdicts('lock;after_spinlock', [entering(smpMbAfterSpinlock), other], both0, NONE);
});
