import { describe, expect, it } from 'vitest';
import { Fence, Kind, Mark } from '../../src/memory/event.ts';
import { GuardedStates } from '../../src/program/guarded.ts';
import { Memory, threadLocal } from '../../src/program/location.ts';
import {
  add,
  assume,
  branch,
  call,
  choose,
  cmpxchg,
  fail,
  guarded,
  readLocal,
  rcuReadLock,
  readLock,
  readOnce,
  readUnlock,
  srcuReadLock,
  update,
  updateLocal,
  writeLock,
  writeOnce,
  writeUnlock,
  xchg,
} from '../../src/program/operations.ts';
import type { Steps } from '../../src/program/operation.ts';
import { AS_WRITTEN } from '../../src/program/program.ts';
import { Stepper, type Next, type StepLabel } from '../../src/program/stepper.ts';

const memory = new Memory();
const x = memory.location('x');
const y = memory.location('y');
const lock = memory.rwlock('mmu_lock', { pages: 0 });

/** Runs a body on the given values, one per event, and gives all that it came to. */
function steps(body: () => Steps, ...values: readonly number[]): Next[] {
  const stepper = new Stepper(body, AS_WRITTEN, new GuardedStates());
  const seen = [stepper.start()];
  for (const value of values) seen.push(stepper.resume(value));
  return seen;
}

function label(next: Next): StepLabel {
  if (next.status !== 'event') throw new Error(`no event: ${next.status}`);
  return next.label;
}

describe('Stepper', () => {
  it('gives each access with its text, function and dependencies', () => {
    const [read, write, end] = steps(
      function* () {
        yield* call('kvm_mmu_track_write', add(x, 1));
      },
      4,
      0,
    );
    expect(label(read)).toMatchObject({ kind: Kind.Read, loc: x.id, mark: Mark.Plain, text: 'x' });
    expect(label(write)).toMatchObject({ kind: Kind.Write, value: 5, data: [0], fn: 'kvm_mmu_track_write' });
    expect(end.status).toBe('end');
  });

  it('keeps what is thread-local without events, and afresh in every run', () => {
    const mmu = threadLocal('mmu', { level: 1 });
    const body = function* (): Steps {
      yield* updateLocal(mmu, (draft) => {
        draft.level += 1;
      });
      yield* writeOnce(x, (yield* readLocal(mmu)).level);
    };
    for (let run = 0; run < 2; run++) {
      expect(label(steps(body)[0])).toMatchObject({ kind: Kind.Write, value: 2 });
    }
  });

  it('leaves read sections, the innermost first, before it ends with a violation', () => {
    const srcu = memory.location('srcu');
    const [lock, rcu, leaveRcu, leaveSrcu, end] = steps(
      function* () {
        yield* srcuReadLock(srcu);
        yield* rcuReadLock();
        yield* fail('no-use-after-free', 'reads what was freed');
      },
      3,
      0,
      0,
      0,
    );
    expect(label(lock)).toMatchObject({ kind: Kind.Read, mark: Mark.SrcuLock });
    expect(label(rcu)).toMatchObject({ fence: Fence.RcuLock });
    expect(label(leaveRcu)).toMatchObject({ fence: Fence.RcuUnlock });
    expect(label(leaveSrcu)).toMatchObject({ kind: Kind.Write, mark: Mark.SrcuUnlock, value: 3, data: [0] });
    expect(end).toMatchObject({ status: 'violation', violation: { property: 'no-use-after-free' } });
  });

  it('carries a control dependency to the end of the thread', () => {
    const [, store, end] = steps(
      function* () {
        const r = yield* readOnce(x);
        if ((yield* branch(r)) === 1) yield* writeOnce(y, 1);
      },
      1,
      0,
    );
    expect(label(store).ctrl).toEqual([0]);
    expect(end).toEqual({ status: 'end', ctrl: [0] });
  });

  it('an RMW takes two places, also when it fails', () => {
    const body = function* (): Steps {
      yield* cmpxchg(x, 0, 7);
      yield* xchg(y, 3);
    };
    const success = steps(body, 0, 0);
    expect(success.map((next) => label(next).kind)).toEqual([Kind.Read, Kind.Write, Kind.Read]);
    expect(label(success[1]).value).toBe(7);
    const failure = steps(body, 5, 0);
    expect(failure.map((next) => label(next).kind)).toEqual([Kind.Read, Kind.Skip, Kind.Read]);
  });

  it('hands guarded state from the lock to its holder, and publishes what it leaves', () => {
    const states = new GuardedStates();
    const body = function* (): Steps {
      yield* writeLock(lock);
      yield* update(lock, (state) => {
        state.pages += 1;
      });
      yield* writeUnlock(lock);
    };
    const stepper = new Stepper(body, AS_WRITTEN, states);
    expect(label(stepper.start()).kind).toBe(Kind.LockRead);
    expect(label(stepper.resume(0)).kind).toBe(Kind.LockWrite);
    const unlock = label(stepper.resume(0));
    expect(states.stateOf(lock, unlock.value)).toEqual({ pages: 1 });
  });

  const undisciplined: [string, () => Steps][] = [
    [
      'reading guarded state without the lock',
      function* () {
        yield* guarded(lock);
      },
    ],
    [
      'changing it with the lock held for read',
      function* () {
        yield* readLock(lock);
        yield* update(lock, () => undefined);
      },
    ],
    [
      'unlocking what is not held',
      function* () {
        yield* readUnlock(lock);
      },
    ],
    [
      'ending with the lock held',
      function* () {
        yield* readLock(lock);
      },
    ],
  ];
  for (const [what, body] of undisciplined) {
    it(`calls ${what} a violation of lock-discipline`, () => {
      const stepper = new Stepper(body, AS_WRITTEN, new GuardedStates());
      let next = stepper.start();
      while (next.status === 'event') next = stepper.resume(0);
      expect(next).toMatchObject({ status: 'violation', violation: { property: 'lock-discipline' } });
    });
  }

  it('tells what became of the lock, whatever function it happens in', () => {
    const breachOf = (body: () => Steps): unknown => {
      const stepper = new Stepper(body, AS_WRITTEN, new GuardedStates());
      let next = stepper.start();
      while (next.status === 'event') next = stepper.resume(0);
      return next.status === 'violation' ? next.violation.breach : next.status;
    };
    const holds = function* (): Steps<void> {
      yield* readLock(lock);
    };
    const lets = function* (): Steps<void> {
      yield* writeUnlock(lock);
    };
    expect(breachOf(holds)).toBe('ends-holding');
    expect(breachOf(lets)).toBe('unlocks-unheld');
    expect(breachOf(() => call('kvm_unlock', lets()))).toBe('unlocks-unheld');
    expect(
      breachOf(function* () {
        yield* guarded(lock);
      }),
    ).toBeUndefined();
  });

  it('drops what an assumption excludes, and reports what a path declares wrong', () => {
    const dropped = steps(function* () {
      const taken = yield* choose('one', 'two');
      yield* assume(taken === 0);
    }, 1);
    expect(label(dropped[0])).toMatchObject({ kind: Kind.Choice, value: 2 });
    expect(dropped[1].status).toBe('dropped');
    const [failed] = steps(function* () {
      yield* fail('no-stale-spte', 'found one');
    });
    expect(failed).toMatchObject({
      status: 'violation',
      violation: { property: 'no-stale-spte', message: 'found one' },
    });
  });
});
