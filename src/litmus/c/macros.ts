/**
 * The vocabulary of the kernel's `linux-kernel.def`: what each macro does, as data. Strengths are those
 * of MEMORY-MODELS 3.8: no suffix is a full barrier, a form that returns nothing orders nothing. Beyond that file
 * there are the other strengths of the families in it, and try_cmpxchg().
 */
import { Fence, Mark } from '../../memory/event.ts';
import { FencepostError } from '../../program/error.ts';
import type { Source } from '../source.ts';

export type AtomicOperation = 'add' | 'sub' | 'and' | 'or' | 'xor' | 'andnot';

/** What an atomic that returns something returns. */
export type Returned = 'nothing' | 'old' | 'new' | 'is-zero' | 'is-negative';

/** Locks and RCU: what they do is said by their name. */
export type Act =
  | 'spin-lock'
  | 'spin-unlock'
  | 'spin-trylock'
  | 'spin-is-locked'
  | 'rcu-lock'
  | 'rcu-unlock'
  | 'rcu-sync'
  | 'srcu-lock'
  | 'srcu-unlock'
  | 'srcu-sync'
  | 'srcu-mb';

export type Macro =
  | { readonly does: 'load' | 'store'; readonly mark: Mark; readonly through: 'target' | 'pointer' }
  | { readonly does: 'store-mb' }
  | { readonly does: 'fence'; readonly fence: Fence }
  | { readonly does: 'xchg' | 'cmpxchg' | 'try_cmpxchg'; readonly mark: Mark }
  /** `by` is absent where the first of two arguments says it. */
  | {
      readonly does: 'atomic';
      readonly operation: AtomicOperation;
      readonly mark: Mark;
      readonly returns: Returned;
      readonly by: number | undefined;
    }
  | { readonly does: 'add-unless'; readonly mark: Mark; readonly by: number | undefined }
  | { readonly does: Act };

/** A macro with the number of its arguments. */
export interface KnownMacro {
  readonly macro: Macro;
  readonly arity: number;
}

const load = (mark: Mark, through: 'target' | 'pointer'): KnownMacro => ({
  macro: { does: 'load', mark, through },
  arity: 1,
});
const store = (mark: Mark, through: 'target' | 'pointer'): KnownMacro => ({
  macro: { does: 'store', mark, through },
  arity: 2,
});
const fence = (kind: Fence): KnownMacro => ({ macro: { does: 'fence', fence: kind }, arity: 0 });
const act = (does: Act, arity: number): KnownMacro => ({ macro: { does }, arity });

const NAMED: Readonly<Record<string, KnownMacro>> = {
  READ_ONCE: load(Mark.Once, 'target'),
  WRITE_ONCE: store(Mark.Once, 'target'),
  smp_load_acquire: load(Mark.Acquire, 'pointer'),
  smp_store_release: store(Mark.Release, 'pointer'),
  rcu_dereference: load(Mark.Once, 'target'),
  rcu_assign_pointer: store(Mark.Release, 'target'),
  smp_store_mb: { macro: { does: 'store-mb' }, arity: 2 },
  smp_mb: fence(Fence.Mb),
  smp_rmb: fence(Fence.Rmb),
  smp_wmb: fence(Fence.Wmb),
  barrier: fence(Fence.Barrier),
  smp_mb__before_atomic: fence(Fence.BeforeAtomic),
  smp_mb__after_atomic: fence(Fence.AfterAtomic),
  smp_mb__after_spinlock: fence(Fence.AfterSpinlock),
  smp_mb__after_unlock_lock: fence(Fence.AfterUnlockLock),
  smp_mb__after_srcu_read_unlock: act('srcu-mb', 0),
  spin_lock: act('spin-lock', 1),
  spin_unlock: act('spin-unlock', 1),
  spin_trylock: act('spin-trylock', 1),
  spin_is_locked: act('spin-is-locked', 1),
  rcu_read_lock: act('rcu-lock', 0),
  rcu_read_unlock: act('rcu-unlock', 0),
  synchronize_rcu: act('rcu-sync', 0),
  synchronize_rcu_expedited: act('rcu-sync', 0),
  srcu_read_lock: act('srcu-lock', 1),
  srcu_down_read: act('srcu-lock', 1),
  srcu_read_unlock: act('srcu-unlock', 2),
  srcu_up_read: act('srcu-unlock', 2),
  synchronize_srcu: act('srcu-sync', 1),
  synchronize_srcu_expedited: act('srcu-sync', 1),
};

const STRENGTH: Readonly<Record<string, Mark>> = {
  '': Mark.Full,
  _relaxed: Mark.Once,
  _acquire: Mark.Acquire,
  _release: Mark.Release,
};

const OPERATION: Readonly<Record<string, { operation: AtomicOperation; by?: number }>> = {
  add: { operation: 'add' },
  sub: { operation: 'sub' },
  inc: { operation: 'add', by: 1 },
  dec: { operation: 'sub', by: 1 },
  and: { operation: 'and' },
  or: { operation: 'or' },
  xor: { operation: 'xor' },
  andnot: { operation: 'andnot' },
};

/** The macro of that name; undefined where the kernel's vocabulary has none. */
export function macroNamed(name: string): KnownMacro | undefined {
  if (Object.hasOwn(NAMED, name)) return NAMED[name];
  const exchange =
    /^(?:atomic_|atomic64_|atomic_long_)?(xchg|cmpxchg|try_cmpxchg)(_relaxed|_acquire|_release|)$/.exec(name);
  if (exchange !== null) {
    const does = exchange[1] as 'xchg' | 'cmpxchg' | 'try_cmpxchg';
    return { macro: { does, mark: STRENGTH[exchange[2]] }, arity: does === 'xchg' ? 2 : 3 };
  }
  const atomic = /^atomic(?:64|_long)?_(.*)$/.exec(name);
  return atomic === null ? undefined : atomicNamed(atomic[1]);
}

function atomicNamed(rest: string): KnownMacro | undefined {
  switch (rest) {
    case 'read':
      return load(Mark.Once, 'pointer');
    case 'read_acquire':
      return load(Mark.Acquire, 'pointer');
    case 'set':
      return store(Mark.Once, 'pointer');
    case 'set_release':
      return store(Mark.Release, 'pointer');
  }
  const unless = /^(?:fetch_)?(add_unless|inc_not_zero)(_relaxed|_acquire|_release|)$/.exec(rest);
  if (unless !== null) {
    const counts = unless[1] === 'inc_not_zero';
    const macro = { does: 'add-unless', mark: STRENGTH[unless[2]], by: counts ? 1 : undefined } as const;
    return rest.startsWith('fetch_') ? undefined : { macro, arity: counts ? 1 : 3 };
  }
  const test = /^(add|sub|inc|dec)_(and_test|negative)(_relaxed|_acquire|_release|)$/.exec(rest);
  if (test !== null && (test[2] === 'negative') === (test[1] === 'add')) {
    const mark = STRENGTH[test[3]];
    return atomicMacro(test[1], mark, test[2] === 'negative' ? 'is-negative' : 'is-zero');
  }
  const fetch = /^fetch_(add|sub|inc|dec|and|or|xor|andnot)(_relaxed|_acquire|_release|)$/.exec(rest);
  if (fetch !== null) return atomicMacro(fetch[1], STRENGTH[fetch[2]], 'old');
  const returning = /^(add|sub|inc|dec)_return(_relaxed|_acquire|_release|)$/.exec(rest);
  if (returning !== null) return atomicMacro(returning[1], STRENGTH[returning[2]], 'new');
  return Object.hasOwn(OPERATION, rest) ? atomicMacro(rest, Mark.Noreturn, 'nothing') : undefined;
}

function atomicMacro(word: string, mark: Mark, returns: Returned): KnownMacro {
  const { operation, by } = OPERATION[word];
  return { macro: { does: 'atomic', operation, mark, returns, by }, arity: by === undefined ? 2 : 1 };
}

/** The refusal of a macro that stands at `offset`. */
export function unknownMacro(
  source: Source,
  macro: string,
  offset: number,
  hint = `the vocabulary is that of linux-kernel.def: ${Object.keys(NAMED).slice(0, 6).join(', ')}…`,
): FencepostError {
  const place = { file: source.file, ...source.placeOf(offset) };
  return new FencepostError('unknown-macro', `unknown macro «${macro}»`, { ...place, hint, about: macro });
}
