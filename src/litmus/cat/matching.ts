/** `match … with`: on tags, and on sets as an empty one or a member and the rest. */
import { compile, extended, joint } from './compile.ts';
import { catError } from './place.ts';
import type { Program } from './program.ts';
import { typeError } from './operators.ts';
import type { Code, Scope } from './scope.ts';
import type { Expression, MatchPattern } from './syntax.ts';
import { atBest, elements, gathered, isVoid, Trend, type Value } from './value.ts';

export function compileMatch(match: Expression & { kind: 'match' }, scope: Scope, program: Program): Code {
  const { place } = match;
  const subject = compile(match.subject, scope, program);
  const clauses = match.clauses.map(({ pattern, body }) => {
    const names = pattern.kind === 'cons' ? [pattern.first, pattern.rest] : [];
    const inner = names.reduce((within, name) => within.withLocal(name, subject.fixed), scope);
    return { pattern, cells: names.length, code: compile(body, inner, program) };
  });
  return {
    ...joint(place, [
      subject,
      ...clauses.map(({ code, cells }) => ({ fixed: code.fixed, reach: Math.max(0, code.reach - cells) })),
    ]),
    run: (run, env) => {
      run.step(place);
      const value = subject.run(run, env);
      for (const { pattern, code } of clauses) {
        const parts = matched(pattern, value, run.n);
        if (parts === undefined) continue;
        const result = code.run(run, extended(env, parts));
        // Which case it is may change with rf and co.
        return value.trend === Trend.Fixed ? result : atBest(Trend.Any, result);
      }
      if (value.kind === 'tag') throw catError('cat-type', `no case for '${value.tag}`, place);
      if (elements(value) === undefined) throw typeError('match wants a tag or a set', value, place);
      throw catError('cat-type', 'no case of this match fits', place);
    },
  };
}

/** The values of the pattern's names; undefined when it does not fit. */
function matched(pattern: MatchPattern, value: Value, n: number): readonly Value[] | undefined {
  switch (pattern.kind) {
    case 'any':
      return [];
    case 'tag':
      return value.kind === 'tag' && value.tag === pattern.tag ? [] : undefined;
    case 'empty':
      return isVoid(value) ? [] : undefined;
    case 'cons': {
      const [first, ...others] = elements(value) ?? [];
      if (first === undefined) return undefined;
      const rest = gathered(n, others, value.trend);
      return rest === undefined ? undefined : [first, rest];
    }
  }
}
