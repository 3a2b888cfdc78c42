/**
 * Final states as herd7 counts them: a state is the values of the variables that the condition and
 * `locations` name; every consistent execution that the filter accepts counts as positive or negative,
 * by whether its state satisfies the proposition.
 */
import type { Behaviour } from '../program/tree.ts';
import { UNDETERMINED } from '../program/undetermined.ts';
import {
  compareVariables,
  holds,
  variablesOf,
  variableText,
  type Constant,
  type Observation,
  type Variable,
} from './condition.ts';
import { registersAt, type LitmusTest } from './test.ts';

export interface FinalState {
  /** In the order of {@link Outcome.variables}. */
  readonly values: readonly number[];
  /** Executions that end so. */
  readonly count: number;
}

/** What all executions of a test come to. */
export interface Outcome {
  readonly variables: readonly Variable[];
  /** Sorted by value. */
  readonly states: readonly FinalState[];
  readonly positive: number;
  readonly negative: number;
}

interface Seen {
  readonly values: readonly number[];
  readonly accepted: boolean;
  readonly satisfies: boolean;
  count: number;
}

/** The value of a location in the final state of an execution, by its name. */
export type LocationValue = (name: string) => number;

/** Collects the final states of a test's executions. */
export class FinalStates {
  readonly #test: LitmusTest;
  /** The shown ones first; then those that only the filter speaks of. */
  readonly #variables: readonly Variable[];
  readonly #shown: number;
  readonly #registers = new Map<Behaviour, readonly number[]>();
  readonly #seen = new Map<string, Seen>();

  constructor(test: LitmusTest) {
    this.#test = test;
    const shown = distinct([...variablesOf(test.condition.proposition), ...test.locations]);
    const filtered = test.filter === undefined ? [] : variablesOf(test.filter);
    this.#shown = shown.length;
    this.#variables = distinct([...shown, ...filtered], shown);
  }

  clear(): void {
    this.#seen.clear();
  }

  /**
   * An execution, given by the ends of its threads and its final memory. Says whether the filter accepts it.
   */
  add(leaves: readonly Behaviour[], location: LocationValue): boolean {
    const values = this.#variables.map((variable, i) =>
      variable.kind === 'location' ? location(variable.name) : this.#register(leaves, variable.thread, i),
    );
    const key = values.join();
    let seen = this.#seen.get(key);
    if (seen === undefined) {
      seen = this.#judge(values);
      this.#seen.set(key, seen);
    }
    seen.count += 1;
    return seen.accepted;
  }

  /** Whether an accepted execution was seen that satisfies the proposition, or one that does not. */
  has(satisfying: boolean): boolean {
    return [...this.#seen.values()].some(({ accepted, satisfies }) => accepted && satisfies === satisfying);
  }

  outcome(): Outcome {
    const states = new Map<string, { values: readonly number[]; count: number }>();
    let positive = 0;
    let negative = 0;
    for (const { values, accepted, satisfies, count } of this.#seen.values()) {
      if (!accepted) continue;
      if (satisfies) positive += count;
      else negative += count;
      const shown = values.slice(0, this.#shown);
      const state = states.get(shown.join());
      if (state === undefined) states.set(shown.join(), { values: shown, count });
      else state.count += count;
    }
    return {
      variables: this.#variables.slice(0, this.#shown),
      states: [...states.values()].sort(({ values: a }, { values: b }) => compareStates(a, b)),
      positive,
      negative,
    };
  }

  #register(leaves: readonly Behaviour[], thread: number, variable: number): number {
    const leaf = leaves[thread];
    let values = this.#registers.get(leaf);
    if (values === undefined) {
      const registers = registersAt(this.#test, leaf);
      values = this.#variables.map((one) =>
        one.kind === 'register' && one.thread === thread ? (registers.get(one.name) ?? 0) : 0,
      );
      this.#registers.set(leaf, values);
    }
    return values[variable];
  }

  #judge(values: readonly number[]): Seen {
    const { filter, condition } = this.#test;
    const byName = new Map(this.#variables.map((variable, i) => [variableText(variable), values[i]]));
    const valueOf = (variable: Variable): number => byName.get(variableText(variable)) as number;
    const constant = (of: Constant): number => constantValue(this.#test, of);
    return {
      values,
      accepted: filter === undefined || holds(filter, valueOf, constant),
      satisfies: holds(condition.proposition, valueOf, constant),
      count: 0,
    };
  }
}

/** What a constant of a condition stands for; addresses of unknown locations are no value at all. */
export function constantValue({ addressOf }: LitmusTest, constant: Constant): number {
  return constant.kind === 'number' ? constant.value : (addressOf(constant.of) ?? Number.NaN);
}

export function observationOf(positive: number, negative: number): Observation {
  if (positive === 0) return 'Never';
  return negative === 0 ? 'Always' : 'Sometimes';
}

/** Whether the quantifier is satisfied: herd7's «Ok» and «No». */
export function isOk({ condition: { quantifier } }: LitmusTest, positive: number, negative: number): boolean {
  switch (quantifier) {
    case 'exists':
      return positive > 0;
    case 'not-exists':
      return positive === 0;
    case 'forall':
      return negative === 0;
  }
}

/** `0:r1=1; [x]=y;` as herd7 prints a state; `S` is a value that nothing determines. */
export function stateText(
  test: LitmusTest,
  variables: readonly Variable[],
  values: readonly number[],
): string {
  const shown = (value: number): string =>
    value === UNDETERMINED ? 'S' : (test.nameAt(value) ?? String(value));
  return variables.map((variable, i) => `${variableText(variable)}=${shown(values[i])};`).join(' ');
}

/** Each variable once, sorted; those of `first` stay in front. */
function distinct(variables: readonly Variable[], first: readonly Variable[] = []): Variable[] {
  const known = new Map(first.map((variable) => [variableText(variable), variable]));
  const more = new Map(variables.map((variable) => [variableText(variable), variable]));
  const fresh = [...more].filter(([text]) => !known.has(text)).map(([, variable]) => variable);
  return [...first, ...fresh.sort(compareVariables)];
}

function compareStates(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}
