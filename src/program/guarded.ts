import type { Lock } from './location.ts';
import { FencepostError } from './error.ts';

/**
 * The states that locks guard, interned by content: equal states have one small id, which is what an
 * unlock event publishes and a lock event reads. Id 0 of every lock is its initial state.
 */
export class GuardedStates {
  readonly #ids = new Map<number, Map<string, number>>();
  readonly #states = new Map<number, unknown[]>();

  idOf(lock: Lock, state: unknown): number {
    const { ids, states } = this.#tables(lock);
    const content = canonical(state, lock.name);
    const known = ids.get(content);
    if (known !== undefined) return known;
    ids.set(content, states.length);
    states.push(state);
    return states.length - 1;
  }

  stateOf(lock: Lock, id: number): unknown {
    return this.#tables(lock).states[id];
  }

  #tables(lock: Lock): { ids: Map<string, number>; states: unknown[] } {
    let ids = this.#ids.get(lock.id);
    let states = this.#states.get(lock.id);
    if (ids === undefined || states === undefined) {
      ids = new Map([[canonical(lock.initial, lock.name), 0]]);
      states = [lock.initial];
      this.#ids.set(lock.id, ids);
      this.#states.set(lock.id, states);
    }
    return { ids, states };
  }
}

/** Content as text, object keys sorted, so that states built in different orders are one state. */
export function canonical(value: unknown, owner: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, owner)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new FencepostError(
        'state-not-plain',
        `the state guarded by «${owner}» holds something other than plain data`,
        {
          hint: 'use objects, arrays, strings, numbers and booleans',
        },
      );
    }
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, owner)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'undefined';
}
