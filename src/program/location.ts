import { FencepostError } from './error.ts';

/** A shared memory location: one aligned machine word. `id` is its number within its {@link Memory}. */
export interface Location {
  readonly kind: 'location';
  readonly id: number;
  /** As C would write it: `kvm->arch.indirect_shadow_pages`. */
  readonly name: string;
  readonly initial: number;
  /** How a trace spells its values; as numbers where absent. */
  readonly format?: (value: number) => string;
}

export type LockKind = 'spin' | 'rw';

/** A lock and the initial value of the state that it guards (plain data, never mutated). */
export interface Lock<S = unknown> {
  readonly kind: 'lock';
  readonly id: number;
  readonly name: string;
  readonly lockKind: LockKind;
  readonly initial: S;
}

/**
 * Plain data that belongs to one thread alone, such as what a vCPU keeps for itself (KVM-MMU.md P44): no
 * event touches it. Every run starts from `initial`; the sequential driver may carry it from run to run.
 */
export interface ThreadLocal<S = unknown> {
  readonly kind: 'thread-local';
  readonly name: string;
  readonly initial: S;
}

export function threadLocal<S>(name: string, initial: S): ThreadLocal<S> {
  return { kind: 'thread-local', name, initial };
}

/**
 * The memory of one program: locations and locks share one numbering. Asking twice for a name gives
 * the same location, so a path may name what it touches when it gets there.
 */
export class Memory {
  readonly #byName = new Map<string, Location | Lock>();
  readonly #all: (Location | Lock)[] = [];

  location(name: string, initial = 0, format?: (value: number) => string): Location {
    const known = this.#byName.get(name);
    if (known === undefined)
      return this.#add({ kind: 'location', id: this.#all.length, name, initial, format });
    if (known.kind !== 'location' || known.initial !== initial) {
      throw new FencepostError('location-conflict', `«${name}» is declared twice with different contents`, {
        hint: 'one name is one location with one initial value',
      });
    }
    return known;
  }

  spinlock<S>(name: string, initial: S): Lock<S> {
    return this.#lock(name, 'spin', initial);
  }

  rwlock<S>(name: string, initial: S): Lock<S> {
    return this.#lock(name, 'rw', initial);
  }

  /** How many locations and locks there are so far; ids run from 0. */
  get size(): number {
    return this.#all.length;
  }

  at(id: number): Location | Lock {
    return this.#all[id];
  }

  find(name: string): Location | Lock | undefined {
    return this.#byName.get(name);
  }

  /** Initial contents of a location as a value; locks start with guarded state 0. */
  initialValue(id: number): number {
    const at = this.#all[id];
    return at.kind === 'location' ? at.initial : 0;
  }

  #lock<S>(name: string, lockKind: LockKind, initial: S): Lock<S> {
    const known = this.#byName.get(name);
    if (known?.kind === 'lock' && known.lockKind === lockKind && known.initial === initial)
      return known as Lock<S>;
    if (known !== undefined) {
      throw new FencepostError('location-conflict', `«${name}» is declared twice with different contents`, {
        hint: 'one name is one lock, of one kind and with one initial state',
      });
    }
    return this.#add({ kind: 'lock', id: this.#all.length, name, lockKind, initial });
  }

  #add<T extends Location | Lock>(entry: T): T {
    this.#byName.set(entry.name, entry);
    this.#all.push(entry);
    return entry;
  }
}
