/**
 * The vocabulary in which paths are written, one function per kernel primitive (LKMM's `.def` file,
 * MEMORY-MODELS 3.8). Each is a generator: `const gpte = yield* readOnce(pte)`.
 */
import type { Draft } from 'immer';
import { Fence, Mark } from '../memory/event.ts';
import type { Location, Lock, ThreadLocal } from './location.ts';
import type { Depends, Instead, Modify, Read, Recipe, Rmw, Steps } from './operation.ts';
import type { Site } from './site.ts';

const NOTHING: Depends = {};

/** A read with an explicit mark, for sites whose mark a proposal decides. */
export function* load(loc: Location, mark: Mark, depends: Depends = NOTHING): Steps<Read> {
  return (yield { op: 'load', loc, mark, with: depends }) as Read;
}

export function readOnce(loc: Location, depends?: Depends): Steps<Read> {
  return load(loc, Mark.Once, depends);
}

/** A plain C read: LKMM promises nothing about it when it races. */
export function readPlain(loc: Location, depends?: Depends): Steps<Read> {
  return load(loc, Mark.Plain, depends);
}

export function loadAcquire(loc: Location, depends?: Depends): Steps<Read> {
  return load(loc, Mark.Acquire, depends);
}

/** A write with an explicit mark. */
export function* store(loc: Location, value: number, mark: Mark, depends: Depends = NOTHING): Steps {
  yield { op: 'store', loc, mark, value, with: depends };
}

export function writeOnce(loc: Location, value: number, depends?: Depends): Steps {
  return store(loc, value, Mark.Once, depends);
}

export function writePlain(loc: Location, value: number, depends?: Depends): Steps {
  return store(loc, value, Mark.Plain, depends);
}

export function storeRelease(loc: Location, value: number, depends?: Depends): Steps {
  return store(loc, value, Mark.Release, depends);
}

/** `smp_store_mb()`: the store, then a full fence. */
export function* storeMb(loc: Location, value: number, depends?: Depends): Steps {
  yield* writeOnce(loc, value, depends);
  yield* smpMb();
}

/**
 * A read-modify-write of any strength: Once is `_relaxed`, Full the unsuffixed form, Noreturn a void atomic.
 */
export function* rmw(
  loc: Location,
  modify: Modify,
  mark: Mark = Mark.Full,
  depends: Depends = NOTHING,
): Steps<Rmw> {
  return (yield { op: 'rmw', loc, mark, modify, with: depends }) as Rmw;
}

export function xchg(loc: Location, value: number, mark?: Mark, depends?: Depends): Steps<Rmw> {
  return rmw(loc, { how: 'set', value }, mark, depends);
}

/** Stores `value` if the location holds `expected`; otherwise a lone read that orders nothing under LKMM. */
export function cmpxchg(
  loc: Location,
  expected: number,
  value: number,
  mark?: Mark,
  depends?: Depends,
): Steps<Rmw> {
  return rmw(loc, { how: 'cmpxchg', expected, value }, mark, depends);
}

export function fetchAdd(loc: Location, by: number, mark?: Mark, depends?: Depends): Steps<Rmw> {
  return rmw(loc, { how: 'add', value: by }, mark, depends);
}

/** `atomic_add()`: no value is returned and nothing is ordered. */
export function* atomicAdd(loc: Location, by: number, depends?: Depends): Steps {
  yield* rmw(loc, { how: 'add', value: by }, Mark.Noreturn, depends);
}

/** `set_bit()`: an atomic that returns nothing and orders nothing under LKMM; LOCKed on x86. */
export function* setBit(loc: Location, bit: number, depends?: Depends): Steps {
  const text = `set_bit(${bit}, &${loc.name})`;
  yield* rmw(loc, { how: 'or', value: 1 << bit }, Mark.Noreturn, { text, ...depends });
}

export function* clearBit(loc: Location, bit: number, depends?: Depends): Steps {
  const text = `clear_bit(${bit}, &${loc.name})`;
  yield* rmw(loc, { how: 'and-not', value: 1 << bit }, Mark.Noreturn, { text, ...depends });
}

/** `x += by` in C: a read and a write that depends on it, both with the given mark. */
export function* add(
  loc: Location,
  by: number,
  mark: Mark = Mark.Plain,
  depends: Depends = NOTHING,
): Steps<Read> {
  const before = yield* load(loc, mark, depends);
  yield* store(loc, before.value + by, mark, { ...depends, data: [before] });
  return before;
}

export function* fence(kind: Fence, text: string, site?: Site): Steps {
  yield { op: 'fence', fence: kind, text, site };
}

export const smpMb = (site?: Site): Steps => fence(Fence.Mb, 'smp_mb()', site);
export const smpRmb = (site?: Site): Steps => fence(Fence.Rmb, 'smp_rmb()', site);
export const smpWmb = (site?: Site): Steps => fence(Fence.Wmb, 'smp_wmb()', site);
export const barrier = (): Steps => fence(Fence.Barrier, 'barrier()');
export const smpMbBeforeAtomic = (): Steps => fence(Fence.BeforeAtomic, 'smp_mb__before_atomic()');
export const smpMbAfterAtomic = (): Steps => fence(Fence.AfterAtomic, 'smp_mb__after_atomic()');
export const smpMbAfterSpinlock = (): Steps => fence(Fence.AfterSpinlock, 'smp_mb__after_spinlock()');
export const smpMbAfterUnlockLock = (): Steps => fence(Fence.AfterUnlockLock, 'smp_mb__after_unlock_lock()');

/** A primitive that is a LOCKed instruction on x86 and promises no order under LKMM. */
export const lockedOnX86 = (text: string, site?: Site): Steps => fence(Fence.X86Only, text, site);

export const smpMbAfterSrcuReadUnlock = (): Steps =>
  fence(Fence.AfterSrcuReadUnlock, 'smp_mb__after_srcu_read_unlock()');

export const rcuReadLock = (): Steps => fence(Fence.RcuLock, 'rcu_read_lock()');
export const rcuReadUnlock = (): Steps => fence(Fence.RcuUnlock, 'rcu_read_unlock()');

/** `synchronize_rcu()`, expedited or not: waits for every read section that began before. */
export const synchronizeRcu = (): Steps => fence(Fence.SyncRcu, 'synchronize_rcu()');

/** `srcu_read_lock()` or `srcu_down_read()` on an srcu_struct: returns the cookie, which the unlock wants. */
export function srcuReadLock(srcu: Location): Steps<Read> {
  return load(srcu, Mark.SrcuLock, { text: `srcu_read_lock(&${srcu.name})` });
}

/** `srcu_read_unlock()` or `srcu_up_read()`, in whatever thread the cookie has come to. */
export function* srcuReadUnlock(srcu: Location, cookie: Read): Steps {
  const text = `srcu_read_unlock(&${srcu.name})`;
  yield* store(srcu, cookie.value, Mark.SrcuUnlock, { data: [cookie], text });
}

/** `synchronize_srcu()` of one srcu_struct. */
export function* synchronizeSrcu(srcu: Location): Steps {
  yield { op: 'fence', fence: Fence.SyncSrcu, text: `synchronize_srcu(&${srcu.name})`, loc: srcu };
}

/** What a site may offer where it decides about a fence. */
type FenceOption = 'none' | 'smp_mb()' | 'smp_rmb()' | 'smp_wmb()';

const FENCES: Readonly<Record<Exclude<FenceOption, 'none'>, (site: Site) => Steps>> = {
  'smp_mb()': smpMb,
  'smp_rmb()': smpRmb,
  'smp_wmb()': smpWmb,
};

/** The fence that the proposal chooses at a site: an option is a kernel fence, or `none`. */
export function* fenceAt(site: Site<FenceOption>): Steps {
  const option = yield* choice(site);
  if (option !== 'none') yield* FENCES[option](site);
}

export function* spinLock<S>(lock: Lock<S>): Steps {
  yield { op: 'lock', lock, mode: 'spin', text: `spin_lock(&${lock.name})` };
}

export function* spinUnlock<S>(lock: Lock<S>): Steps {
  yield { op: 'unlock', lock, mode: 'spin', text: `spin_unlock(&${lock.name})` };
}

/**
 * `spin_trylock()`: `ok` and a value of 1 when the lock was free and is now taken; otherwise a lone read that
 * orders nothing. Whoever goes on by the answer declares it: `branch(taken)`.
 */
export function* spinTrylock<S>(lock: Lock<S>): Steps<Rmw> {
  return (yield { op: 'trylock', lock, text: `spin_trylock(&${lock.name})` }) as Rmw;
}

/** `spin_is_locked()`: a read of the lock word that gives 1 or 0 and orders nothing. */
export function* spinIsLocked<S>(lock: Lock<S>): Steps<Read> {
  return (yield { op: 'is-locked', lock, text: `spin_is_locked(&${lock.name})` }) as Read;
}

export function* writeLock<S>(lock: Lock<S>): Steps {
  yield { op: 'lock', lock, mode: 'write', text: `write_lock(&${lock.name})` };
}

export function* writeUnlock<S>(lock: Lock<S>): Steps {
  yield { op: 'unlock', lock, mode: 'write', text: `write_unlock(&${lock.name})` };
}

export function* readLock<S>(lock: Lock<S>): Steps {
  yield { op: 'lock', lock, mode: 'read', text: `read_lock(&${lock.name})` };
}

export function* readUnlock<S>(lock: Lock<S>): Steps {
  yield { op: 'unlock', lock, mode: 'read', text: `read_unlock(&${lock.name})` };
}

/** The state that a held lock guards. Without the lock this is a `lock-discipline` violation. */
export function* guarded<S>(lock: Lock<S>): Steps<S> {
  return (yield { op: 'guarded', lock }) as S;
}

/** Changes the guarded state of a lock held exclusively. The recipe must not keep its draft. */
export function* update<S>(lock: Lock<S>, recipe: (draft: Draft<S>) => void): Steps {
  yield { op: 'update', lock, recipe: recipe as Recipe };
}

/** What the thread keeps for itself. */
export function* readLocal<S>(of: ThreadLocal<S>): Steps<S> {
  return (yield { op: 'local', of }) as S;
}

/** Changes what the thread keeps for itself. The recipe must not keep its draft. */
export function* updateLocal<S>(of: ThreadLocal<S>, recipe: (draft: Draft<S>) => void): Steps {
  yield { op: 'set-local', of, recipe: recipe as Recipe };
}

/** One of several continuations, all of which are explored. Returns the index of the one taken. */
export function* choose(...names: readonly string[]): Steps<number> {
  return (yield { op: 'choose', names }) as number;
}

/** Only executions in which this holds are of interest; the others are dropped without a finding. */
export function* assume(holds: boolean): Steps {
  yield { op: 'assume', holds };
}

/** Waits until the location holds a value that satisfies the predicate; waiting for ever is a finding. */
export function* waitUntil(
  loc: Location,
  until: (value: number) => boolean,
  mark: Mark = Mark.Once,
  depends: Depends = NOTHING,
): Steps<Read> {
  const read = (yield { op: 'load', loc, mark, until, with: depends }) as Read;
  yield* branch(read);
  return read;
}

/**
 * Declares that what follows is decided by these reads: a control dependency, which lasts to the end
 * of the thread. Returns the value of the first.
 */
export function* branch(first: Read, ...more: readonly Read[]): Steps<number> {
  yield { op: 'branch', on: [first, ...more] };
  return first.value;
}

/** Runs steps as the body of a kernel function, whose name the events and traces carry. */
export function* call<T>(fn: string, body: Steps<T>): Steps<T> {
  const instead = (yield { op: 'enter', fn }) as Instead | undefined;
  if (instead !== undefined) return instead.value as T;
  const result = yield* body;
  yield { op: 'leave' };
  return result;
}

/** What the proposal under test chooses at the site. */
export function* choice<O extends string>(site: Site<O>): Steps<O> {
  return (yield { op: 'site', site }) as O;
}

/** Ends the thread with a violation of the named property. */
export function* fail(property: string, message: string): Steps<never> {
  yield { op: 'fail', property, message };
  throw new Error('unreachable: a failed step program is never resumed');
}
