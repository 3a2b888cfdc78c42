/**
 * `let rec … and …`: functions may call each other; sets and relations are the least fixpoint, iterated from
 * the empty set in the order of the text, each definition seeing what those before it have become, as herd
 * does. That order matters: `rcu-rscs` of the kernel's file is not monotone, and comes out right only so.
 */
import { compile, functionCode, joint } from './compile.ts';
import { catError, type CatPlace } from './place.ts';
import type { Program } from './program.ts';
import type { Run } from './run.ts';
import type { Cell, Code, Env, Scope } from './scope.ts';
import type { Binding } from './syntax.ts';
import { atBest, NOTHING, sameValue, Trend } from './value.ts';

export interface RecursiveGroup {
  /** Where the names of the group are known. */
  readonly inner: Scope;
  readonly fixed: boolean;
  readonly reach: number;
  /** The environment with one more cell for each name, the last one innermost. */
  env(run: Run, env: Env): Cell;
}

export function compileGroup(
  bindings: readonly Binding[],
  scope: Scope,
  program: Program,
  place: CatPlace,
): RecursiveGroup {
  // «Fixed» inside means «apart from the group itself»: what refers to the group is not cached there.
  const inside = withNames(bindings, scope, true);
  const codes = bindings.map(({ value }): { code: Code; isFunction: boolean } =>
    value.kind === 'fun'
      ? { code: functionCode(value.pattern, value.body, inside, program, value.place), isFunction: true }
      : { code: compile(value, inside, program), isFunction: false },
  );
  const depends = joint(
    place,
    codes.map(({ code }) => code),
  );
  const reach = Math.max(0, depends.reach - bindings.length);
  const unknown = depends.fixed && reach === 0 ? Trend.Fixed : Trend.Grows;
  const values = codes.filter(({ isFunction }) => !isFunction).length;
  return {
    inner: withNames(bindings, scope, depends.fixed),
    fixed: depends.fixed,
    reach,
    env: (run, env) => {
      let last = env;
      const cells = codes.map((): Cell => (last = { value: { ...NOTHING, trend: unknown }, next: last }));
      const innermost = cells[cells.length - 1];
      codes.forEach(({ code, isFunction }, i) => {
        if (isFunction) cells[i].value = code.run(run, innermost);
      });
      // A monotone group adds at least one pair in every round.
      const rounds = values * (run.n * run.n + 2) + 2;
      for (let round = 0, changed = values > 0; changed; round++) {
        if (round > rounds) throw catError('cat-limit', 'this recursive definition has no fixpoint', place);
        changed = false;
        codes.forEach(({ code, isFunction }, i) => {
          if (isFunction) return;
          const value = atBest(unknown, code.run(run, innermost));
          changed ||= value.trend !== cells[i].value.trend || !sameValue(value, cells[i].value);
          cells[i].value = value;
        });
      }
      return innermost;
    },
  };
}

function withNames(bindings: readonly Binding[], scope: Scope, fixed: boolean): Scope {
  return bindings.reduce((inner, { pattern, place }) => {
    if (pattern.isTuple) throw catError('cat-syntax', 'a recursive definition wants a name', place);
    return inner.withLocal(pattern.names[0], fixed);
  }, scope);
}
