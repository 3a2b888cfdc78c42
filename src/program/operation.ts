import { type Fence, type Mark } from '../memory/event.ts';
import type { Location, Lock, ThreadLocal } from './location.ts';
import type { Site } from './site.ts';
import type { Violation } from './violation.ts';

/** What a read delivered: its value, and its place in program order, by which later events depend on it. */
export interface Read {
  readonly value: number;
  readonly at: number;
}

/** The outcome of a read-modify-write: `ok` is false for a cmpxchg that found another value. */
export interface Rmw extends Read {
  readonly ok: boolean;
}

/** Reads that an event depends on: for its address, or for the value that it stores. */
export interface Depends {
  readonly addr?: readonly Read[];
  readonly data?: readonly Read[];
  /** How C spells the access; made from the location's name where absent. */
  readonly text?: string;
  readonly site?: Site;
}

/** What an RMW stores, given the value it read; undefined: it fails and stores nothing. */
export type Modify =
  | { readonly how: 'set'; readonly value: number }
  | { readonly how: 'add'; readonly value: number }
  /** Bits of a word that stays below 2^31: `set_bit()` and `clear_bit()`. */
  | { readonly how: 'or' | 'and-not'; readonly value: number }
  /** Any other function of what it read, such as an addition that wraps. It never fails. */
  | { readonly how: 'map'; readonly to: (found: number) => number }
  | { readonly how: 'cmpxchg'; readonly expected: number; readonly value: number };

/** Changes a copy of a state in place. */
export type Recipe = (draft: unknown) => void;

/** What `enter` may be answered with by whoever takes a call out: the call does nothing and gives this. */
export interface Instead {
  readonly value: unknown;
}

export type LockMode = 'spin' | 'write' | 'read';

/**
 * What a step program may yield. The first group makes events; the rest is local to the thread and
 * costs the explorer nothing.
 */
export type Operation =
  | {
      readonly op: 'load';
      readonly loc: Location;
      readonly mark: Mark;
      readonly until?: (value: number) => boolean;
      readonly with: Depends;
    }
  | {
      readonly op: 'store';
      readonly loc: Location;
      readonly mark: Mark;
      readonly value: number;
      readonly with: Depends;
    }
  | {
      readonly op: 'rmw';
      readonly loc: Location;
      readonly mark: Mark;
      readonly modify: Modify;
      readonly with: Depends;
    }
  | {
      readonly op: 'fence';
      readonly fence: Fence;
      /** The srcu_struct of synchronize_srcu(). */
      readonly loc?: Location;
      readonly text: string;
      readonly site?: Site;
    }
  | { readonly op: 'lock'; readonly lock: Lock; readonly mode: LockMode; readonly text: string }
  | { readonly op: 'unlock'; readonly lock: Lock; readonly mode: LockMode; readonly text: string }
  | { readonly op: 'trylock' | 'is-locked'; readonly lock: Lock; readonly text: string }
  | { readonly op: 'choose'; readonly names: readonly string[] }
  | { readonly op: 'assume'; readonly holds: boolean }
  /** `isSettled`: a choice has settled what these reads decide, and wrong choices are dropped later. */
  | { readonly op: 'branch'; readonly on: readonly Read[]; readonly isSettled?: boolean }
  /**
   * Ends branches: what comes later is not decided by these reads any more, nor may its shape hang on them.
   */
  | { readonly op: 'join'; readonly on: readonly Read[] }
  | { readonly op: 'guarded'; readonly lock: Lock }
  | { readonly op: 'update'; readonly lock: Lock; readonly recipe: Recipe }
  | { readonly op: 'local'; readonly of: ThreadLocal }
  | { readonly op: 'set-local'; readonly of: ThreadLocal; readonly recipe: Recipe }
  | { readonly op: 'enter'; readonly fn: string }
  | { readonly op: 'leave' }
  | { readonly op: 'site'; readonly site: Site }
  | ({ readonly op: 'fail' } & Violation);

/** A path: a generator of operations that receives their results (DESIGN.md 4). */
export type Steps<T = void> = Generator<Operation, T, unknown>;
