import { expressionsIn, partsOf } from './parts.ts';
import type { Expression, Statement } from './syntax.ts';

/** Every `if` that events may follow, in its own block or in one around it. */
export function followedIfs(body: readonly Statement[]): ReadonlySet<Statement> {
  const found = new Set<Statement>();
  visit(body, false, found);
  return found;
}

/** Gives whether there are events from the beginning of the statements on. */
function visit(body: readonly Statement[], followed: boolean, found: Set<Statement>): boolean {
  let after = followed;
  for (let i = body.length - 1; i >= 0; i--) {
    const statement = body[i];
    if (statement.kind === 'block') {
      visit(statement.body, after, found);
    } else if (statement.kind === 'if') {
      if (after) found.add(statement);
      visit([statement.then], after, found);
      if (statement.otherwise !== undefined) visit([statement.otherwise], after, found);
    }
    after ||=
      statement.kind === 'store' || expressionsIn([statement]).some(hasEvents) || hasStores(statement);
  }
  return after;
}

function hasStores(statement: Statement): boolean {
  switch (statement.kind) {
    case 'store':
      return true;
    case 'block':
      return statement.body.some(hasStores);
    case 'if':
      return (
        hasStores(statement.then) || (statement.otherwise !== undefined && hasStores(statement.otherwise))
      );
    case 'set':
    case 'do':
      return false;
  }
}

function hasEvents(expression: Expression): boolean {
  return expression.kind === 'call' || expression.kind === 'target' || partsOf(expression).some(hasEvents);
}
