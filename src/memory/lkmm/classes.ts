import { HELD, isReadKind, Kind, Mark, type Label } from '../event.ts';

/**
 * The event sets of LKMM as flags of one event (MEMORY-MODELS 3.8, «Tag filtering»). A rwlock is ours:
 * read_lock() is an acquiring read, read_unlock() a releasing access that is no write; neither is part of
 * `ulp`, so that nothing is promised about them that the kernel does not.
 */
export const Class = {
  Memory: 1,
  Read: 2,
  Write: 4,
  Plain: 8,
  Acquire: 16,
  Release: 32,
  /** `Mb` on an access: a full RMW that succeeded. */
  Full: 64,
  Noreturn: 128,
  /** A half of an atomic RMW (not of a lock), failed ones included: what *_atomic() fences attach to. */
  Atomic: 256,
  LockWrite: 512,
  Unlock: 1024,
  LockRead: 2048,
  /** The write half of a cmpxchg or trylock while it may still turn out to fail. */
  Conditional: 4096,
  SrcuUnlock: 8192,
} as const;

/**
 * Flags of an event. `value` is what it read, undefined while that may still change: a cmpxchg or
 * trylock then counts as if it had failed. `plainIsMarked` is the reading called lkmm-marked.
 */
export function classify(label: Label, value: number | undefined, plainIsMarked: boolean): number {
  switch (label.kind) {
    case Kind.Fence:
    case Kind.Choice:
    case Kind.Skip:
      return 0;
    case Kind.LockRead:
      return Class.Memory | Class.Read | Class.Acquire | Class.LockRead;
    case Kind.ReadLock:
      return Class.Memory | Class.Read | Class.Acquire;
    case Kind.TryLock:
      return value === undefined || value === HELD
        ? Class.Memory | Class.Read
        : Class.Memory | Class.Read | Class.Acquire | Class.LockRead;
    case Kind.IsLocked:
      return Class.Memory | Class.Read;
    case Kind.LockWrite:
      return Class.Memory | Class.Write | Class.LockWrite;
    case Kind.Unlock:
      return Class.Memory | Class.Write | Class.Release | Class.Unlock;
    case Kind.ReadUnlock:
      return Class.Memory | Class.Release;
    case Kind.Read:
    case Kind.Write:
      return accessClass(label, value, plainIsMarked);
  }
}

function accessClass(label: Label, value: number | undefined, plainIsMarked: boolean): number {
  const isRead = isReadKind(label.kind);
  let flags: number = Class.Memory | (isRead ? Class.Read : Class.Write);
  if (label.rmw) flags |= Class.Atomic;
  // A failed RMW is a lone read that orders nothing.
  if (label.rmw && isRead && label.expected !== undefined && label.expected !== value) return flags;
  switch (label.mark) {
    case Mark.Plain:
      return plainIsMarked || label.rmw ? flags : flags | Class.Plain;
    case Mark.Once:
      return flags;
    case Mark.Acquire:
      return isRead ? flags | Class.Acquire : flags;
    case Mark.Release:
      return isRead ? flags : flags | Class.Release;
    case Mark.Full:
      return flags | Class.Full;
    case Mark.Noreturn:
      return isRead ? flags | Class.Noreturn : flags;
    case Mark.SrcuLock:
      return flags;
    case Mark.SrcuUnlock:
      return flags | Class.SrcuUnlock;
  }
}
