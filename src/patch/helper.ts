import type { Hunk } from './hunk.ts';
import { type Side, type Statement, statementsOf } from './code.ts';

/** The functions that a patch adds (new side) or removes (old side), with the statements of their bodies. */
export type Helpers = ReadonlyMap<string, readonly Statement[]>;

/** Functions in `known` are not helpers: rules speak about them themselves. */
export function helpersOf(hunks: readonly Hunk[], side: Side, known: ReadonlySet<string>): Helpers {
  const helpers = new Map<string, Statement[]>();
  for (const hunk of hunks) {
    let current: string | undefined;
    for (const statement of statementsOf(hunk, side)) {
      if (statement.defines !== undefined) {
        const { defines, changed } = statement;
        current = changed && !known.has(defines) ? defines : undefined;
        if (current !== undefined) helpers.set(current, []);
      } else if (current !== undefined && statement.fn === current && statement.changed) {
        helpers.get(current)?.push(statement);
      }
    }
  }
  return helpers;
}

/**
 * Each changed call of a helper gets the helper's body in front of it: what the body does happens there.
 * Helpers that call helpers are not followed.
 */
export function inlineHelpers(statements: readonly Statement[], helpers: Helpers): Statement[] {
  if (helpers.size === 0) return [...statements];
  return statements.flatMap((statement) => {
    if (!statement.changed || statement.defines !== undefined) return [statement];
    const called = [...statement.code.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map(([, name]) => name);
    const bodies = [...new Set(called)].flatMap((name) =>
      (helpers.get(name) ?? []).map((body) => ({ ...body, fn: statement.fn, through: name })),
    );
    return [...bodies, statement];
  });
}
