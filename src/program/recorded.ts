/**
 * Runs on concrete state that are not gone through twice: what a step program does follows from what it reads, so
 * where it would read what it has read before, what it then did is done at once.
 */
import {
  guardedBy,
  localOf,
  runConcrete,
  wordAt,
  type Concrete,
  type ConcreteEnding,
  type ConcreteOptions,
  type ConcreteStore,
} from './concrete.ts';
import type { Location, Lock, ThreadLocal } from './location.ts';
import type { Operation, Steps } from './operation.ts';
import { ReadTree, type Answered } from './read-tree.ts';

type Place = Location | Lock | ThreadLocal;

interface Done {
  readonly ending: ConcreteEnding<unknown>;
  readonly words: readonly (readonly [Location, number])[];
  readonly guarded: readonly (readonly [Lock, unknown])[];
  readonly locals: readonly (readonly [ThreadLocal, unknown])[];
  readonly notes: readonly string[];
}

export interface RecordedOptions extends Omit<ConcreteOptions, 'watch'> {
  /** What of an operation is to be known after the run; undefined: nothing. */
  readonly note?: (operation: Operation) => string | undefined;
  /** Gives equal states as the same object, so that it is seen that they are equal. */
  readonly same: (state: unknown) => unknown;
}

export interface RecordedEnding<T> {
  readonly ending: ConcreteEnding<T>;
  /** Of every operation that there is something to note of; the same array for runs that do the same. */
  readonly notes: readonly string[];
}

/** More would need gigabytes. */
const KEPT_RUNS = 1_000_000;

export class RecordedRuns {
  readonly #options: RecordedOptions;
  readonly #runs = new ReadTree<Place, Done>(KEPT_RUNS);

  constructor(options: RecordedOptions) {
    this.#options = options;
  }

  /**
   * As `runConcrete()`. Programs with the same name are the same program, which depends on nothing but the state.
   * `watch` is told of every operation, so with it the run is gone through in any case.
   */
  run<T>(
    name: string,
    steps: () => Steps<T>,
    state: Concrete,
    watch?: (operation: Operation) => void,
  ): RecordedEnding<T> {
    const known = watch === undefined ? this.#runs.find(name, (place) => at(state, place)) : undefined;
    const { ending, words, guarded, locals, notes } = known ?? this.#record(name, steps, state, watch);
    for (const [location, value] of words) state.words.set(location, value);
    for (const [lock, value] of guarded) state.guarded.set(lock, value);
    for (const [local, value] of locals) state.locals.set(local, value);
    return { ending: ending as ConcreteEnding<T>, notes };
  }

  #record(
    name: string,
    steps: () => Steps<unknown>,
    state: Concrete,
    watch: ((operation: Operation) => void) | undefined,
  ): Done {
    const { note, same } = this.#options;
    const read: Answered<Place>[] = [];
    const ask = (place: Place): void => void read.push([place, at(state, place)]);
    const above = {
      words: new Above(state.words, ask),
      guarded: new Above(state.guarded, ask),
      locals: new Above(state.locals, ask),
    };
    const notes: string[] = [];
    const ending = runConcrete(steps(), above, {
      ...this.#options,
      watch: (operation) => {
        const noted = note?.(operation);
        if (noted !== undefined) notes.push(noted);
        watch?.(operation);
      },
    });
    const done: Done = {
      ending,
      words: [...above.words.written],
      guarded: [...above.guarded.written].map(([lock, value]) => [lock, same(value)]),
      locals: [...above.locals.written].map(([local, value]) => [local, same(value)]),
      notes,
    };
    if (watch === undefined) this.#runs.add(name, read, done);
    return done;
  }
}

function at(state: Concrete, place: Place): unknown {
  if (place.kind === 'location') return wordAt(state, place);
  return place.kind === 'lock' ? guardedBy(state, place) : localOf(state, place);
}

/** A part of the state under a run: what is written stays above it, and what is read of it is told once. */
class Above<K extends Place, V> implements ConcreteStore<K, V> {
  readonly written = new Map<K, V>();
  readonly #below: Map<K, V>;
  readonly #ask: (place: Place) => void;
  readonly #asked = new Set<K>();

  constructor(below: Map<K, V>, ask: (place: Place) => void) {
    this.#below = below;
    this.#ask = ask;
  }

  get(key: K): V | undefined {
    if (this.written.has(key)) return this.written.get(key);
    if (!this.#asked.has(key)) {
      this.#asked.add(key);
      this.#ask(key);
    }
    return this.#below.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): this {
    this.written.set(key, value);
    return this;
  }
}
