/** Statements to definitions and checks of a program. */
import { compile, destructured } from './compile.ts';
import { staticCondition } from './conditions.ts';
import { EVENT_SET_NAMES, setNameOf } from './event-names.ts';
import { chosen } from './generators.ts';
import { catError, type CatPlace } from './place.ts';
import type { Program } from './program.ts';
import { compileGroup } from './recursion.ts';
import type { Code, Scope } from './scope.ts';
import type { Binding, Statement } from './syntax.ts';
import { NOTHING, Trend, type Value } from './value.ts';

/** The scope after the statements. Includes have been resolved. Throws located FencepostErrors. */
export function compileStatements(statements: readonly Statement[], scope: Scope, program: Program): Scope {
  return statements.reduce((before, statement) => compileStatement(statement, before, program), scope);
}

function compileStatement(statement: Statement, scope: Scope, program: Program): Scope {
  const { place } = statement;
  switch (statement.kind) {
    case 'let':
      return statement.recursive
        ? recursive(statement.bindings, scope, program, place)
        : plain(statement.bindings, scope, program);
    case 'check': {
      const { check, negated, flag } = statement;
      const code = compile(statement.value, scope, program);
      const name = statement.name ?? `${negated ? '~' : ''}${check}, ${place.file}:${place.line}`;
      program.checks.push({ kind: 'check', check, negated, flag, name, code });
      return scope;
    }
    case 'with': {
      const choices = compile(statement.from, scope, program);
      const slot = program.define({
        place,
        fixed: false,
        reach: 0,
        run: (run) => chosen(statement.name, choices.run(run, undefined), run, place),
      });
      program.checks.push({ kind: 'with', slot });
      return scope.with(statement.name, { kind: 'global', slot, fixed: false });
    }
    case 'enum':
      return enumeration(statement, scope, program);
    case 'instructions':
      for (const allowed of statement.allowed) compile(allowed, scope, program);
      return scope;
    case 'procedure': {
      const { pattern, body } = statement;
      return scope.with(statement.name, { kind: 'procedure', pattern, body, scope });
    }
    case 'call': {
      const entry = scope.find(statement.name);
      if (entry?.kind !== 'procedure')
        throw catError('cat-name', `there is no procedure «${statement.name}»`, place);
      const argument = compile(statement.argument, scope, program);
      const inner = bind(entry.pattern.names, argument, entry.scope, program, (value) =>
        destructured(entry.pattern, value, place),
      );
      compileStatements(entry.body, inner, program);
      return scope;
    }
    case 'if': {
      const holds = staticCondition(statement.condition);
      if (holds === undefined)
        throw catError(
          'cat-syntax',
          'only variants decide which statements count',
          place,
          'use if … then … else … inside a definition',
        );
      return compileStatements(holds ? statement.yes : statement.no, scope, program);
    }
    case 'show':
      return scope;
    case 'include':
      throw catError(
        'cat-file',
        `"${statement.file}" was not included`,
        place,
        'load the file with loadCat()',
      );
  }
}

function plain(bindings: readonly Binding[], scope: Scope, program: Program): Scope {
  const values = bindings.map(({ value }) => compile(value, scope, program));
  return bindings.reduce(
    (after, { pattern, place }, i) =>
      bind(pattern.names, values[i], after, program, (value) => destructured(pattern, value, place)),
    scope,
  );
}

function recursive(bindings: readonly Binding[], scope: Scope, program: Program, place: CatPlace): Scope {
  const group = compileGroup(bindings, scope, program, place);
  const code: Code = {
    place,
    fixed: group.fixed,
    reach: 0,
    run: (run) => {
      const values: Value[] = [];
      for (
        let cell = group.env(run, undefined) as ReturnType<typeof group.env> | undefined;
        cell;
        cell = cell.next
      )
        values.unshift(cell.value);
      return { kind: 'tuple', items: values, trend: Trend.Fixed };
    },
  };
  const names = bindings.map(({ pattern }) => pattern.names[0]);
  return bind(names, code, scope, program, (value) => (value.kind === 'tuple' ? value.items : []));
}

/** Names for the parts of a value. */
function bind(
  names: readonly string[],
  code: Code,
  scope: Scope,
  program: Program,
  parts: (value: Value) => readonly Value[],
): Scope {
  const { fixed, place } = code;
  const whole = program.define(code);
  return names.reduce((after, name, i) => {
    const slot = program.define({
      place,
      fixed,
      reach: 0,
      run: (run) => parts(program.global(whole, run))[i],
    });
    return after.with(name, { kind: 'global', slot, fixed });
  }, scope);
}

/** The name stands for the tags; each tag is a set, empty when no event of ours ever carries it. */
function enumeration(
  { name, tags, place }: Statement & { kind: 'enum' },
  scope: Scope,
  program: Program,
): Scope {
  const known = new Set(EVENT_SET_NAMES.map((set) => set.toLowerCase()));
  let after = scope;
  for (const tag of tags) {
    const set = setNameOf(tag);
    if (EVENT_SET_NAMES.includes(set)) continue;
    if (known.has(set.toLowerCase()))
      throw catError(
        'cat-name',
        `'${tag} is spelt otherwise here`,
        place,
        'files from before v6.14 rely on a herd that makes the fences of atomics itself; take newer ones',
      );
    const slot = program.define({ place, fixed: true, reach: 0, run: () => NOTHING });
    after = after.with(set, { kind: 'global', slot, fixed: true });
  }
  const value: Value = { kind: 'tags', tags, trend: Trend.Fixed };
  const slot = program.define({ place, fixed: true, reach: 0, run: () => value });
  return after.with(name, { kind: 'global', slot, fixed: true });
}
