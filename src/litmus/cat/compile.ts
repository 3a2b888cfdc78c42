/**
 * Expressions to closures. Names are resolved once; what does not depend on rf and co is evaluated once
 * for all candidates over the same events (MEMORY-MODELS 3.7), which is most of a memory model.
 */
import { FencepostError } from '../../program/error.ts';
import { compileCondition } from './conditions.ts';
import { compileMatch } from './matching.ts';
import {
  append,
  apply,
  chain,
  complement,
  difference,
  identityOn,
  postfix,
  product,
  setOf,
  typeError,
} from './operators.ts';
import { catError, type CatPlace } from './place.ts';
import type { Program } from './program.ts';
import { compileGroup } from './recursion.ts';
import type { Run } from './run.ts';
import { type Code, type Env, type Scope } from './scope.ts';
import type { Binding, Expression, Pattern } from './syntax.ts';
import { atBest, NOTHING, setValue, together, Trend, type Site, type Value } from './value.ts';
import { EventSet } from '../../memory/event-set.ts';

/** Throws a located FencepostError for a name that nothing defines. */
export function compile(expression: Expression, scope: Scope, program: Program): Code {
  const code = compileHere(expression, scope, program);
  // Names and literals are cheaper than the cache.
  if (!code.fixed || code.reach > 0 || expression.kind === 'name' || expression.kind === 'tag') return code;
  const part = program.newPart();
  return { ...code, run: (run) => (run.prepared.parts[part] ??= code.run(run, undefined)) };
}

function compileHere(expression: Expression, scope: Scope, program: Program): Code {
  const { place } = expression;
  const sub = (inner: Expression): Code => compile(inner, scope, program);
  const constant = (value: Value): Code => ({ place, fixed: true, reach: 0, run: () => value });
  switch (expression.kind) {
    case 'name':
      return nameCode(expression.name, scope, program, place);
    case 'tag':
      return constant({ kind: 'tag', tag: expression.tag, trend: Trend.Fixed });
    case 'nothing':
      return constant(NOTHING);
    case 'universe':
      return {
        ...constant(NOTHING),
        run: ({ n }) => setValue(EventSet.where(n, () => true)),
      };
    case 'chain':
      return combined(place, expression.items.map(sub), (items, site) =>
        chain(expression.operator, items, site),
      );
    case 'binary': {
      const operation = { '\\': difference, '++': append, '*': product }[expression.operator];
      return combined(place, [sub(expression.left), sub(expression.right)], ([a, b], site) =>
        operation(a, b, site),
      );
    }
    case 'postfix':
      return combined(place, [sub(expression.inner)], ([a], site) => postfix(expression.operator, a, site));
    case 'complement':
      return combined(place, [sub(expression.inner)], ([a], site) => complement(a, site));
    case 'identity':
      return combined(place, [sub(expression.inner)], ([a], site) => identityOn(a, site));
    case 'tuple':
      return combined(place, expression.items.map(sub), (items) => ({
        kind: 'tuple',
        items,
        trend: together(...items),
      }));
    case 'set':
      return combined(place, expression.items.map(sub), setOf);
    case 'apply':
      return combined(place, [sub(expression.fn), sub(expression.argument)], ([fn, argument], site) =>
        apply(fn, argument, site),
      );
    case 'fun':
      return functionCode(expression.pattern, expression.body, scope, program, place);
    case 'let':
      return expression.recursive
        ? recursiveLet(expression.bindings, expression.body, scope, program, place)
        : plainLet(expression.bindings, expression.body, scope, program, place);
    case 'match':
      return compileMatch(expression, scope, program);
    case 'if': {
      const asked = compileCondition(expression.condition, scope, program, place);
      const [yes, no] = [sub(expression.yes), sub(expression.no)];
      return {
        ...joint(place, [asked, yes, no]),
        run: (run, env) => {
          const { holds, steady } = asked.test(run, env);
          const value = (holds ? yes : no).run(run, env);
          return steady ? value : atBest(Trend.Any, value);
        },
      };
    }
    case 'try':
      return tryCode(expression, scope, program);
  }
}

/** What a node made of these parts depends on. */
export function joint(
  place: CatPlace,
  parts: readonly { readonly fixed: boolean; readonly reach: number }[],
): { place: CatPlace; fixed: boolean; reach: number } {
  return {
    place,
    fixed: parts.every(({ fixed }) => fixed),
    reach: Math.max(0, ...parts.map(({ reach }) => reach)),
  };
}

function combined(
  place: CatPlace,
  parts: readonly Code[],
  combine: (values: readonly Value[], site: Site) => Value,
): Code {
  return {
    ...joint(place, parts),
    run: (run, env) => {
      run.step(place);
      return combine(
        parts.map((part) => part.run(run, env)),
        { run, place },
      );
    },
  };
}

function nameCode(name: string, scope: Scope, program: Program, place: CatPlace): Code {
  const entry = scope.find(name);
  if (entry === undefined || entry.kind === 'procedure') throw program.unknownName(name, scope, place);
  const { fixed } = entry;
  if (entry.kind === 'global') {
    const { slot } = entry;
    return { place, fixed, reach: 0, run: (run) => program.global(slot, run) };
  }
  const index = scope.locals - 1 - entry.level;
  return {
    place,
    fixed,
    reach: index + 1,
    run: (_run, env) => {
      let cell = env;
      for (let i = 0; i < index; i++) cell = cell?.next;
      return (cell as { value: Value }).value;
    },
  };
}

/** A function; what it gives depends on rf and co only through the names around it, and its arguments. */
export function functionCode(
  pattern: Pattern,
  body: Expression,
  scope: Scope,
  program: Program,
  place: CatPlace,
): Code {
  const inner = pattern.names.reduce((within, name) => within.withLocal(name, true), scope);
  const code = compile(body, inner, program);
  return {
    place,
    fixed: code.fixed,
    reach: Math.max(0, code.reach - pattern.names.length),
    run: (_run: Run, env: Env) => ({
      kind: 'function',
      name: pattern.names.join(', '),
      trend: Trend.Fixed,
      call: (argument, site) =>
        code.run(site.run, extended(env, destructured(pattern, argument, site.place))),
    }),
  };
}

/** The values of the names of a pattern. */
export function destructured({ names, isTuple }: Pattern, value: Value, place: CatPlace): readonly Value[] {
  if (!isTuple) return [value];
  if (value.kind !== 'tuple') throw typeError(`${names.length} values are wanted`, value, place);
  if (value.items.length !== names.length)
    throw catError('cat-type', `${names.length} values are wanted, not ${value.items.length}`, place);
  return value.items.map((item) => atBest(value.trend, item));
}

export function extended(env: Env, values: readonly Value[]): Env {
  return values.reduce<Env>((next, value) => ({ value, next }), env);
}

function plainLet(
  bindings: readonly Binding[],
  body: Expression,
  scope: Scope,
  program: Program,
  place: CatPlace,
): Code {
  const values = bindings.map(({ value }) => compile(value, scope, program));
  const inner = bindings.reduce(
    (within, { pattern }, i) =>
      pattern.names.reduce((deeper, name) => deeper.withLocal(name, values[i].fixed), within),
    scope,
  );
  const code = compile(body, inner, program);
  const cells = inner.locals - scope.locals;
  return {
    ...joint(place, [...values, { fixed: code.fixed, reach: Math.max(0, code.reach - cells) }]),
    run: (run, env) => {
      const found = values.flatMap((value, i) =>
        destructured(bindings[i].pattern, value.run(run, env), bindings[i].place),
      );
      return code.run(run, extended(env, found));
    },
  };
}

function recursiveLet(
  bindings: readonly Binding[],
  body: Expression,
  scope: Scope,
  program: Program,
  place: CatPlace,
): Code {
  const group = compileGroup(bindings, scope, program, place);
  const code = compile(body, group.inner, program);
  return {
    ...joint(place, [group, { fixed: code.fixed, reach: Math.max(0, code.reach - bindings.length) }]),
    run: (run, env) => code.run(run, group.env(run, env)),
  };
}

/** `try a with b`: b where a uses a name that nothing defines, or does not fit. */
function tryCode({ body, otherwise }: Expression & { kind: 'try' }, scope: Scope, program: Program): Code {
  const other = compile(otherwise, scope, program);
  let code: Code;
  try {
    code = compile(body, scope, program);
  } catch (error) {
    if (error instanceof FencepostError && error.code === 'cat-name') return other;
    throw error;
  }
  return {
    ...joint(code.place, [code, other]),
    run: (run, env) => {
      try {
        return code.run(run, env);
      } catch (error) {
        if (error instanceof FencepostError && error.code === 'cat-type') return other.run(run, env);
        throw error;
      }
    },
  };
}
