/**
 * Events as memory sees them (MEMORY-MODELS 3.0, 3.8, 3.9). An event of a graph is described by a
 * label: what the thread does at that point, given the values that it has read before.
 */

export const Kind = {
  Read: 0,
  Write: 1,
  Fence: 2,
  /** LKR of `lock.cat`: the acquiring read of a spinlock, or of a rwlock taken for write. */
  LockRead: 3,
  /** LKW of `lock.cat`: the write that opens the section; directly follows its LockRead. */
  LockWrite: 4,
  /** UL: ends a spinlock or write section and publishes the guarded state. */
  Unlock: 5,
  /** Takes a rwlock for read. It names the write section that it follows. */
  ReadLock: 6,
  ReadUnlock: 7,
  /** An explicit non-deterministic choice; no memory effect. */
  Choice: 8,
  /** The write half that a failed cmpxchg or trylock does not perform: keeps program-order indices equal. */
  Skip: 9,
  /**
   * spin_trylock(): an LKR with a LockWrite behind it if it finds the lock free; else LF, a lone read, and a Skip.
   */
  TryLock: 10,
  /** spin_is_locked(): RL where it finds the lock held, RU where it finds it free. */
  IsLocked: 11,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** How an access is marked; for the two halves of an RMW, the strength of the operation. */
export const Mark = {
  Plain: 0,
  Once: 1,
  Acquire: 2,
  Release: 3,
  Full: 4,
  Noreturn: 5,
  /** srcu_read_lock(): a read of the srcu_struct that returns the cookie. */
  SrcuLock: 6,
  /** srcu_read_unlock(): a write of the cookie to the srcu_struct. */
  SrcuUnlock: 7,
} as const;
export type Mark = (typeof Mark)[keyof typeof Mark];

export const Fence = {
  Mb: 0,
  Rmb: 1,
  Wmb: 2,
  Barrier: 3,
  BeforeAtomic: 4,
  AfterAtomic: 5,
  AfterSpinlock: 6,
  AfterUnlockLock: 7,
  /**
   * A LOCKed instruction of today's x86 kernel that LKMM does not promise (`srcu_read_lock()`, `set_bit()`).
   */
  X86Only: 8,
  RcuLock: 9,
  RcuUnlock: 10,
  /** synchronize_rcu(), expedited or not. */
  SyncRcu: 11,
  /** synchronize_srcu(); the label's location is the srcu_struct. */
  SyncSrcu: 12,
  AfterSrcuReadUnlock: 13,
} as const;
export type Fence = (typeof Fence)[keyof typeof Fence];

/** Whether the fence is a full barrier instruction on x86 (the others only stop the compiler there). */
export function isFullFenceOnX86(fence: Fence): boolean {
  return (
    fence === Fence.Mb ||
    fence === Fence.X86Only ||
    fence === Fence.SyncRcu ||
    fence === Fence.SyncSrcu ||
    fence === Fence.AfterSrcuReadUnlock
  );
}

/** No dependencies; shared so that labels without any stay small. */
export const NONE: readonly number[] = [];

export interface Label {
  readonly kind: Kind;
  /** Location or lock number; -1 for fences and choices. */
  readonly loc: number;
  readonly mark: Mark;
  readonly fence: Fence;
  /**
   * Stored value; for an unlock the id of the published guarded state; for a choice the number of
   * alternatives.
   */
  readonly value: number;
  /** One half of a read-modify-write (also the lone read of a failed one). */
  readonly rmw: boolean;
  /** The value a cmpxchg expects: reading another one makes it fail; undefined for everything else. */
  readonly expected: number | undefined;
  /** Program-order indices of the reads that this event depends on. */
  readonly addr: readonly number[];
  readonly data: readonly number[];
  readonly ctrl: readonly number[];
  /** Those of `ctrl` without which the event might not exist; the others decide what a choice has settled already. */
  readonly must: readonly number[];
  /** An await: reading a value for which this is false blocks the thread. */
  readonly until: ((value: number) => boolean) | undefined;
}

/** A label of the given kind with nothing special about it. */
export function bareLabel(kind: Kind, loc: number): Label {
  return {
    kind,
    loc,
    mark: Mark.Once,
    fence: Fence.Mb,
    value: 0,
    rmw: false,
    expected: undefined,
    addr: NONE,
    data: NONE,
    ctrl: NONE,
    must: NONE,
    until: undefined,
  };
}

/** The parts of a label that another event in its place would have to share. */
export function sameLabel(a: Label, b: Label): boolean {
  return (
    a.kind === b.kind &&
    a.loc === b.loc &&
    a.mark === b.mark &&
    a.fence === b.fence &&
    a.value === b.value &&
    a.rmw === b.rmw &&
    a.expected === b.expected
  );
}

export function isReadKind(kind: number): boolean {
  return kind === Kind.Read || kind === Kind.LockRead || kind === Kind.ReadLock || looksAtLock(kind);
}

/** What a TryLock or IsLocked reads from the LockWrite of a section; all ids of guarded states are others. */
export const HELD = -1;

/** Whether it reads a lock word that may be held, and does not wait: spin_trylock() and spin_is_locked(). */
export function looksAtLock(kind: number): boolean {
  return kind === Kind.TryLock || kind === Kind.IsLocked;
}

/** What C sees of what a read has read: of locks not the state that they guard, but whether they were had or held. */
export function answerOf(kind: number, value: number): number {
  if (kind === Kind.TryLock) return value === HELD ? 0 : 1;
  if (kind === Kind.IsLocked) return value === HELD ? 1 : 0;
  return value;
}

/**
 * The label of an event whose value is known, as the axioms want it: a failed trylock is a look at the lock,
 * and what a look has found is its label's value.
 */
export function settledLabel<L extends Label>(label: L, value: number): L {
  if (label.kind === Kind.IsLocked) return { ...label, value };
  if (label.kind !== Kind.TryLock || value !== HELD) return label;
  return { ...label, kind: Kind.IsLocked, mark: Mark.Once, rmw: false, value };
}

/** Members of coherence order: writes, and the openings of write sections of a lock. */
export function isWriteKind(kind: number): boolean {
  return kind === Kind.Write || kind === Kind.LockWrite;
}

/**
 * Initial writes have no slot of their own: a read from one has `rf` = INIT, a first write `coPrev` = INIT.
 */
export const INIT = -1;
