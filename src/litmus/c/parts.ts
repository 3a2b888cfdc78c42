import type { Expression, Statement } from './syntax.ts';

/** The expressions that an expression is made of. */
export function partsOf(expression: Expression): readonly Expression[] {
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

/** The expressions that statements are made of, those of nested ones included. */
export function expressionsIn(body: readonly Statement[]): Expression[] {
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
