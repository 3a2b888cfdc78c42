/** Conditions of `if`. */
import { compile, joint } from './compile.ts';
import { isSubset } from './operators.ts';
import type { CatPlace } from './place.ts';
import type { Program } from './program.ts';
import type { Run } from './run.ts';
import type { Env, Scope } from './scope.ts';
import type { Condition } from './syntax.ts';
import { elements, sameValue, Trend, type Site, type Value } from './value.ts';

/**
 * herd's command-line switches that are on. `lkmmv2` (set in the kernel's linux-kernel.cfg) says that tags
 * have no meaning of their own and the fences of atomics are made in cat, as our events are.
 */
const VARIANTS: ReadonlySet<string> = new Set(['lkmmv2']);

export interface ConditionCode {
  readonly fixed: boolean;
  readonly reach: number;
  /** `steady`: more rf and co will not change it. */
  test(run: Run, env: Env): { readonly holds: boolean; readonly steady: boolean };
}

export function compileCondition(
  condition: Condition,
  scope: Scope,
  program: Program,
  place: CatPlace,
): ConditionCode {
  switch (condition.kind) {
    case 'variant': {
      const holds = VARIANTS.has(condition.name);
      return { fixed: true, reach: 0, test: () => ({ holds, steady: true }) };
    }
    case 'not': {
      const inner = compileCondition(condition.inner, scope, program, place);
      return {
        ...inner,
        test: (run, env) => {
          const { holds, steady } = inner.test(run, env);
          return { holds: !holds, steady };
        },
      };
    }
    case 'and':
    case 'or': {
      const left = compileCondition(condition.left, scope, program, place);
      const right = compileCondition(condition.right, scope, program, place);
      return {
        ...joint(place, [left, right]),
        test: (run, env) => {
          const [a, b] = [left.test(run, env), right.test(run, env)];
          const holds = condition.kind === 'and' ? a.holds && b.holds : a.holds || b.holds;
          return { holds, steady: a.steady && b.steady };
        },
      };
    }
    case '=':
    case 'subset':
    case 'in': {
      const left = compile(condition.left, scope, program);
      const right = compile(condition.right, scope, program);
      return {
        ...joint(place, [left, right]),
        test: (run, env) => {
          const [a, b] = [left.run(run, env), right.run(run, env)];
          return {
            holds: compare(condition.kind, a, b, { run, place }),
            steady: a.trend === Trend.Fixed && b.trend === Trend.Fixed,
          };
        },
      };
    }
  }
}

/** Whether a condition asks for variants alone, and then whether it holds. */
export function staticCondition(condition: Condition): boolean | undefined {
  switch (condition.kind) {
    case 'variant':
      return VARIANTS.has(condition.name);
    case 'not': {
      const inner = staticCondition(condition.inner);
      return inner === undefined ? undefined : !inner;
    }
    case 'and':
    case 'or': {
      const [left, right] = [staticCondition(condition.left), staticCondition(condition.right)];
      if (left === undefined || right === undefined) return undefined;
      return condition.kind === 'and' ? left && right : left || right;
    }
    case '=':
    case 'subset':
    case 'in':
      return undefined;
  }
}

function compare(kind: '=' | 'subset' | 'in', left: Value, right: Value, site: Site): boolean {
  if (kind === '=') return sameValue(left, right);
  if (kind === 'subset') return isSubset(left, right, site);
  return (elements(right) ?? []).some((member) => sameValue(member, left));
}
