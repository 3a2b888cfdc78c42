/**
 * Puts the points of a loosening in a row with the fewest changes of the CPU: a shortest path over the
 * states «how far each thread has come, which loose points have happened, who was last», where going on
 * with the same thread costs nothing. Above a bound the search becomes greedy; that cannot get stuck,
 * because every beginning of an order can be completed. Ties: a waiting store leaves as soon as it can, an
 * early access executes as late as it can, a thread runs as long as it can, lower threads go first.
 */
import { representatives, type Loosening } from './loosen.ts';
import type { Timing } from './timing.ts';

export interface Order {
  /** Points; joined ones stand for all that coincides with them. */
  readonly points: readonly number[];
  readonly switches: number;
}

const MOST_STATES = 20_000;
const MOST_LOOSE = 20;

export function shortestOrder(timing: Timing, loosening: Loosening): Order {
  return new Search(timing, loosening).run();
}

interface State {
  readonly at: readonly number[];
  /** Bitset of the loose points that have happened. */
  readonly done: bigint;
  readonly last: number;
  readonly switches: number;
  readonly point: number;
  readonly before: State | undefined;
}

class Search {
  readonly #timing: Timing;
  readonly #needs: number[][];
  /** What each thread goes through: its acts where they stand in the program. */
  readonly #lanes: number[][];
  /** Points outside the lanes, each with a bit in `done`. */
  readonly #free: number[];
  readonly #laneOf = new Map<number, { readonly thread: number; readonly place: number }>();

  constructor(timing: Timing, { loose, edges }: Loosening) {
    const rep = representatives(timing, loose);
    this.#timing = timing;
    this.#needs = timing.points.map(() => []);
    for (const { from, to } of edges) if (rep[from] !== rep[to]) this.#needs[rep[to]].push(rep[from]);
    this.#lanes = timing.scene.threads.map((own) => own.map((act) => rep[timing.stands(act)]));
    this.#lanes.forEach((lane, thread) =>
      lane.forEach((point, place) => this.#laneOf.set(point, { thread, place })),
    );
    this.#free = [...new Set(rep)].filter((point) => !this.#laneOf.has(point)).sort((a, b) => a - b);
  }

  run(): Order {
    const start: State = {
      at: this.#lanes.map(() => 0),
      done: 0n,
      last: -1,
      switches: 0,
      point: -1,
      before: undefined,
    };
    const best = this.#free.length > MOST_LOOSE ? undefined : this.#search(start);
    const end = best ?? this.#greedy(start);
    const points: number[] = [];
    for (let state = end; state.before !== undefined; state = state.before) points.unshift(state.point);
    return { points, switches: end.switches };
  }

  /** 0-1 breadth first: `near` costs no further switch and is worked off like a stack. */
  #search(start: State): State | undefined {
    const settled = new Set<string>();
    let near = [start];
    let far: State[] = [];
    while (near.length > 0) {
      const state = near.pop() as State;
      const key = `${state.at.join(',')}/${state.done}/${state.last}`;
      if (!settled.has(key)) {
        settled.add(key);
        if (settled.size > MOST_STATES) return undefined;
        const next = this.#successors(state);
        if (next.length === 0) return state;
        far.push(...next.filter((one) => one.switches > state.switches).reverse());
        near.push(...next.filter((one) => one.switches === state.switches).reverse());
      }
      if (near.length === 0) {
        near = far;
        far = [];
      }
    }
    return undefined;
  }

  #greedy(start: State): State {
    for (let state = start; ; ) {
      const next = this.#successors(state);
      if (next.length === 0) return state;
      state = next.find(({ switches }) => switches === state.switches) ?? next[0];
    }
  }

  /** What can happen next, in order of preference. */
  #successors(state: State): State[] {
    const { points } = this.#timing;
    const next: State[] = [];
    const loose = (what: 'visible' | 'executes'): void => {
      this.#free.forEach((point, bit) => {
        const isNext =
          points[point].what === what &&
          (state.done & (1n << BigInt(bit))) === 0n &&
          this.#canHappen(state, point);
        if (isNext) next.push(this.#then(state, point, state.at, state.done | (1n << BigInt(bit))));
      });
    };
    loose('visible');
    this.#lanes.forEach((lane, t) => {
      const point = lane[state.at[t]];
      if (point === undefined || !this.#canHappen(state, point)) return;
      next.push(this.#then(state, point, state.at.with(t, state.at[t] + 1), state.done));
    });
    loose('executes');
    return next;
  }

  #then(before: State, point: number, at: readonly number[], done: bigint): State {
    const last = this.#timing.points[point].act.thread;
    const isSwitch = before.last >= 0 && before.last !== last;
    return { at, done, last, switches: before.switches + (isSwitch ? 1 : 0), point, before };
  }

  #canHappen(state: State, point: number): boolean {
    return this.#needs[point].every((need) => {
      const lane = this.#laneOf.get(need);
      return lane === undefined
        ? (state.done & (1n << BigInt(this.#free.indexOf(need)))) !== 0n
        : state.at[lane.thread] > lane.place;
    });
  }
}
