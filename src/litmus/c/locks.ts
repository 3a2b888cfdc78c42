import type { Expression, Initial, ProcessSyntax, Statement } from './syntax.ts';

/** Names that are locks: by their type, or because a process locks them. */
export function locksOf(
  initial: readonly Initial[],
  processes: readonly ProcessSyntax[],
): ReadonlySet<string> {
  const locks = new Set<string>();
  const byType = ({ name, type }: { readonly name: string; readonly type: string }): void => {
    if (/\bspinlock_t\b/.test(type)) locks.add(name);
  };
  initial.filter(({ thread }) => thread === undefined).forEach(byType);
  for (const { parameters, body } of processes) {
    parameters.forEach(byType);
    const known = new Set(parameters.map(({ name }) => name));
    const visit = (expression: Expression): void => {
      if (expression.kind === 'call' && expression.macro.startsWith('spin_')) {
        const [of] = expression.words;
        if (of.kind === 'name' && known.has(of.name)) locks.add(of.name);
      }
      partsOf(expression).forEach(visit);
    };
    expressionsIn(body).forEach(visit);
  }
  return locks;
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'name':
      return [];
    case 'unary':
      return [expression.of];
    case 'binary':
      return [expression.left, expression.right];
    case 'target':
      return [expression.pointer];
    case 'call':
      return expression.words;
  }
}

function expressionsIn(body: readonly Statement[]): Expression[] {
  return body.flatMap((statement) => {
    switch (statement.kind) {
      case 'block':
        return expressionsIn(statement.body);
      case 'if':
        return [
          statement.condition,
          ...expressionsIn([
            statement.then,
            ...(statement.otherwise === undefined ? [] : [statement.otherwise]),
          ]),
        ];
      case 'set':
        return [statement.value];
      case 'store':
        return [statement.pointer, statement.value];
      case 'do':
        return [statement.value];
    }
  });
}
