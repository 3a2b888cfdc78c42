/**
 * Runs one step program to its end with nobody beside it (DESIGN.md 4.5): concrete memory, every access at once, no
 * event log. What the program leaves behind is plain data that can be kept, copied and compared, so that the
 * next program can go on from there: searches over sequences of operations, random testing, the cost model.
 */
import { FencepostError } from './error.ts';
import type { Location, Lock, ThreadLocal } from './location.ts';
import type { Operation, Read, Rmw, Steps } from './operation.ts';
import { choiceAt, type Proposal } from './site.ts';
import { applied } from './stepper.ts';
import type { Violation } from './violation.ts';

/** Memory, guarded states and what threads keep for themselves; what is missing is as it was at first. */
export interface Concrete {
  readonly words: Map<Location, number>;
  readonly guarded: Map<Lock, unknown>;
  readonly locals: Map<ThreadLocal, unknown>;
}

/** What a run needs of each part. */
export type ConcreteStore<K, V> = Pick<Map<K, V>, 'get' | 'has'> & { set(key: K, value: V): unknown };

interface ConcreteStores {
  readonly words: ConcreteStore<Location, number>;
  readonly guarded: ConcreteStore<Lock, unknown>;
  readonly locals: ConcreteStore<ThreadLocal, unknown>;
}

export type ConcreteEnding<T> =
  | { readonly status: 'end'; readonly value: T }
  | { readonly status: 'dropped' }
  | ({ readonly status: 'violation' } & Violation)
  /** It waits for what nobody is there to do. */
  | { readonly status: 'waiting'; readonly for: string };

export interface ConcreteOptions {
  readonly proposal: Proposal;
  /** Told of every operation before it is performed. */
  readonly watch?: (operation: Operation) => void;
  /** Decides a `choose`; the first alternative where absent. */
  readonly decide?: (names: readonly string[]) => number;
  /** Operations after which a run counts as endless. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 100_000;

export function noConcrete(): Concrete {
  return { words: new Map(), guarded: new Map(), locals: new Map() };
}

export function wordAt({ words }: Pick<ConcreteStores, 'words'>, loc: Location): number {
  return words.get(loc) ?? loc.initial;
}

export function guardedBy<S>({ guarded }: Pick<ConcreteStores, 'guarded'>, lock: Lock<S>): S {
  return (guarded.has(lock) ? guarded.get(lock) : lock.initial) as S;
}

export function localOf<S>({ locals }: Pick<ConcreteStores, 'locals'>, of: ThreadLocal<S>): S {
  return (locals.has(of) ? locals.get(of) : of.initial) as S;
}

/** Runs the steps to their end and changes `state` as they do. */
export function runConcrete<T>(
  steps: Steps<T>,
  state: ConcreteStores,
  options: ConcreteOptions,
): ConcreteEnding<T> {
  return new ConcreteRun(state, options).run(steps);
}

class ConcreteRun {
  readonly #state: ConcreteStores;
  readonly #options: ConcreteOptions;
  readonly #held = new Map<Lock, 'exclusive' | 'shared'>();
  #fn = '';
  readonly #callers: string[] = [];
  #at = 0;

  constructor(state: ConcreteStores, options: ConcreteOptions) {
    this.#state = state;
    this.#options = options;
  }

  run<T>(steps: Steps<T>): ConcreteEnding<T> {
    const { watch, limit = DEFAULT_LIMIT } = this.#options;
    let reply: unknown;
    for (let count = 0; count < limit; count++) {
      const step = steps.next(reply);
      if (step.done === true) {
        const [held] = this.#held.keys();
        return held === undefined
          ? { status: 'end', value: step.value }
          : undisciplined(this.#fn, `ends while it holds ${held.name}`);
      }
      watch?.(step.value);
      const outcome = this.#perform(step.value);
      if (outcome instanceof Ended) return outcome.ending;
      reply = outcome;
    }
    throw new FencepostError('endless-run', `a step program does not end within ${limit} operations`);
  }

  #perform(operation: Operation): unknown {
    const { words, guarded, locals } = this.#state;
    switch (operation.op) {
      case 'load': {
        const value = wordAt(this.#state, operation.loc);
        const isAwaited = operation.until === undefined || operation.until(value);
        return isAwaited ? this.#read(value) : ended({ status: 'waiting', for: operation.loc.name });
      }
      case 'store':
        this.#at += 1;
        words.set(operation.loc, operation.value);
        return undefined;
      case 'rmw': {
        const value = wordAt(this.#state, operation.loc);
        const stored = applied(operation.modify, value);
        if (stored !== undefined) words.set(operation.loc, stored);
        return { ...this.#read(value), ok: stored !== undefined } satisfies Rmw;
      }
      case 'lock':
        if (this.#held.has(operation.lock)) return ended({ status: 'waiting', for: operation.lock.name });
        this.#held.set(operation.lock, operation.mode === 'read' ? 'shared' : 'exclusive');
        return undefined;
      case 'unlock':
        if (this.#held.delete(operation.lock)) return undefined;
        return this.#undisciplined(`unlocks ${operation.lock.name} without holding it`);
      case 'trylock': {
        const ok = !this.#held.has(operation.lock);
        if (ok) this.#held.set(operation.lock, 'exclusive');
        return { ...this.#read(ok ? 1 : 0), ok } satisfies Rmw;
      }
      case 'is-locked':
        return this.#read(this.#held.has(operation.lock) ? 1 : 0);
      case 'guarded':
        if (!this.#held.has(operation.lock)) {
          return this.#undisciplined(`reads what ${operation.lock.name} guards without holding it`);
        }
        return guardedBy(this.#state, operation.lock);
      case 'update':
        if (this.#held.get(operation.lock) !== 'exclusive') {
          return this.#undisciplined(`changes what ${operation.lock.name} guards without holding it`);
        }
        guarded.set(operation.lock, changed(guardedBy(this.#state, operation.lock), operation.recipe));
        return undefined;
      case 'local':
        return localOf(this.#state, operation.of);
      case 'set-local':
        locals.set(operation.of, changed(localOf(this.#state, operation.of), operation.recipe));
        return undefined;
      case 'choose':
        return this.#options.decide?.(operation.names) ?? 0;
      case 'site':
        return choiceAt(this.#options.proposal, operation.site);
      case 'assume':
        return operation.holds ? undefined : ended({ status: 'dropped' });
      case 'fail':
        return ended({ status: 'violation', property: operation.property, message: operation.message });
      case 'enter':
        this.#callers.push(this.#fn);
        this.#fn = operation.fn;
        return undefined;
      case 'leave':
        this.#fn = this.#callers.pop() ?? '';
        return undefined;
      case 'fence':
      case 'branch':
      case 'join':
        return undefined;
    }
  }

  #read(value: number): Read {
    return { value, at: this.#at++ };
  }

  #undisciplined(what: string): Ended {
    return ended(undisciplined(this.#fn, what));
  }
}

class Ended {
  readonly ending: ConcreteEnding<never>;
  constructor(ending: ConcreteEnding<never>) {
    this.ending = ending;
  }
}

function ended(ending: ConcreteEnding<never>): Ended {
  return new Ended(ending);
}

function undisciplined(fn: string, what: string): ConcreteEnding<never> {
  return { status: 'violation', property: 'lock-discipline', message: fn === '' ? what : `${fn}() ${what}` };
}

/** The states are small, so that a whole copy is cheaper than one that shares what stays. */
function changed(state: unknown, recipe: (draft: unknown) => void): unknown {
  const draft = copyOf(state);
  recipe(draft);
  return draft;
}

function copyOf(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = copyOf((value as Record<string, unknown>)[key]);
  return copy;
}
