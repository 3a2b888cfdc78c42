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
  /** The write half that a failed cmpxchg does not perform: keeps program-order indices equal either way. */
  Skip: 9,
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
  return kind === Kind.Read || kind === Kind.LockRead || kind === Kind.ReadLock;
}

/** Members of coherence order: writes, and the openings of write sections of a lock. */
export function isWriteKind(kind: number): boolean {
  return kind === Kind.Write || kind === Kind.LockWrite;
}

/**
 * Initial writes have no slot of their own: a read from one has `rf` = INIT, a first write `coPrev` = INIT.
 */
export const INIT = -1;
