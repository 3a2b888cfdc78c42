/** What a litmus test asks of the end of an execution, as what the goal-directed search asks while it chooses. */
import type { Choices, Goal } from '../../explore/goal.ts';
import { isStore, type ThreadPath } from '../../explore/thread-paths.ts';
import { mayBe, type Proposition, type Variable } from '../../litmus/condition.ts';
import { constantValue } from '../../litmus/states.ts';
import { registersAt, type LitmusTest, type Registers } from '../../litmus/test.ts';
import type { BehaviourTree } from '../../program/tree.ts';
import { leafAfter } from './ends.ts';

/** The end satisfies the filter, and the proposition or (`satisfying` is false) its negation. */
export function goalOf(test: LitmusTest, tree: BehaviourTree, satisfying: boolean): Goal {
  const { filter, condition } = test;
  const asked: Proposition = satisfying ? condition.proposition : { op: 'not', of: condition.proposition };
  const whole: Proposition = filter === undefined ? asked : { op: 'and', left: filter, right: asked };
  const known = new Map<ThreadPath, Registers>();
  const registersOf = (thread: number, path: ThreadPath): Registers => {
    let registers = known.get(path);
    if (registers === undefined)
      known.set(path, (registers = registersAt(test, leafAfter(tree, thread, path.events))));
    return registers;
  };
  const { memory } = test.program;
  return (choices, final) => {
    const valuesOf = (variable: Variable): ReadonlySet<number> => {
      if (variable.kind === 'register') {
        const { thread, name } = variable;
        return new Set(choices[thread].map((path) => registersOf(thread, path).get(name) ?? 0));
      }
      const location = memory.find(variable.name);
      if (location === undefined || location.kind === 'lock') return new Set([0]);
      const value = final.get(location.id);
      return value === undefined
        ? leftIn(choices, location.id, memory.initialValue(location.id))
        : new Set([value]);
    };
    return mayBe(whole, true, valuesOf, (constant) => constantValue(test, constant));
  };
}

/** What a location may hold in the end: what some thread stores there last, or what it begins with. */
function leftIn(choices: Choices, loc: number, initial: number): ReadonlySet<number> {
  const lasts = choices.map((own) =>
    own.map(({ events }) => events.findLast((event) => isStore(event) && event.label.loc === loc)),
  );
  const mayStay = lasts.every((own) => own.includes(undefined));
  const stored = lasts.flatMap((own) => own.flatMap((last) => (last === undefined ? [] : [last.value])));
  return new Set([...(mayStay ? [initial] : []), ...stored]);
}
