import type { Statement } from './code.ts';
import type { SiteRule } from './rule.ts';

/** The statements of the rule's functions, or around its landmarks where the hunk names no function. */
export function ownStatements(
  { functions, landmarks = [] }: SiteRule,
  statements: readonly Statement[],
): Statement[] {
  const known = statements.some(
    ({ fn, code }) => fn === undefined && landmarks.some((landmark) => landmark.test(code)),
  );
  return statements.filter(({ fn }) => (fn === undefined ? known : functions.includes(fn)));
}

/** What one side of a hunk shows of a site. */
export interface Reading {
  readonly option: string | undefined;
  /** The statements that showed it; none when the option follows from their absence. */
  readonly matched: readonly Statement[];
}

export function optionOf(rule: SiteRule, statements: readonly Statement[]): Reading {
  const inside = placedStatements(rule, statements);
  for (const { option, code, without } of rule.options) {
    if (without !== undefined && inside.some((statement) => without.test(statement.code))) continue;
    const matched = inOrder(code, inside);
    if (matched !== undefined) return { option, matched };
  }
  return { option: rule.otherwise, matched: [] };
}

function inOrder(patterns: readonly RegExp[], statements: readonly Statement[]): Statement[] | undefined {
  const matched: Statement[] = [];
  let at = 0;
  for (const pattern of patterns) {
    while (at < statements.length && !pattern.test(statements[at].code)) at++;
    if (at === statements.length) return undefined;
    matched.push(statements[at]);
  }
  return matched;
}

/** The statements at the rule's place. */
export function placedStatements(
  { place }: SiteRule,
  statements: readonly Statement[],
): readonly Statement[] {
  if (place === undefined) return statements;
  const isIn = (patterns: readonly RegExp[], code: string) => patterns.some((pattern) => pattern.test(code));
  const below = statements.map(({ code }) => isIn(place.below, code));
  const above = statements.map(({ code }) => isIn(place.above, code));
  const mark = statements.map((_, i) => below[i] || above[i]);
  return statements.filter((_, i) => {
    if (mark[i]) return false;
    const up = mark.lastIndexOf(true, i);
    if (up >= 0) return below[up];
    const down = mark.indexOf(true, i);
    return down >= 0 && above[down];
  });
}
