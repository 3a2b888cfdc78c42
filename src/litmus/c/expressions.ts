import type { Lexer } from '../lexer.ts';
import { macroNamed, unknownMacro } from './macros.ts';
import type { BinaryOperator, Expression, UnaryOperator } from './syntax.ts';
import { parseType, startsType } from './types.ts';

/** Binary operators by how tightly they bind, as in C. */
const LEVEL: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

const UNARY: ReadonlySet<string> = new Set<UnaryOperator>(['-', '+', '!', '~']);

/** Nesting and length that no test reaches, so that no input can exhaust the stack. */
const MOST_NESTED = 200;
const MOST_OPERATORS = 1000;

/** Parses an expression; throws at macros that the kernel's vocabulary does not have. */
export function parseExpression(lexer: Lexer): Expression {
  return new ExpressionParser(lexer).binary(1, 0);
}

class ExpressionParser {
  readonly #lexer: Lexer;
  #operators = 0;

  constructor(lexer: Lexer) {
    this.#lexer = lexer;
  }

  binary(level: number, depth: number): Expression {
    const lexer = this.#lexer;
    let left = this.#unary(depth);
    for (;;) {
      const sign = lexer.peek();
      const own =
        sign.kind === 'sign' && Object.hasOwn(LEVEL, sign.text) ? LEVEL[sign.text as BinaryOperator] : 0;
      if (own < level) return left;
      if (++this.#operators > MOST_OPERATORS) throw this.#tooMuch();
      lexer.next();
      const right = this.binary(own + 1, this.#deeper(depth));
      left = { kind: 'binary', at: sign.offset, operator: sign.text as BinaryOperator, left, right };
    }
  }

  #unary(depth: number): Expression {
    const lexer = this.#lexer;
    const token = lexer.peek();
    const at = token.offset;
    if (token.kind === 'sign') {
      if (UNARY.has(token.text)) {
        lexer.next();
        const operator = token.text as UnaryOperator;
        return { kind: 'unary', at, operator, of: this.#unary(this.#deeper(depth)) };
      }
      if (lexer.accept('*')) return { kind: 'target', at, pointer: this.#unary(this.#deeper(depth)) };
      if (lexer.accept('&')) return this.#address(at, depth);
      if (lexer.accept('(')) {
        if (startsType(lexer)) {
          parseType(lexer);
          lexer.expect(')', 'to close a cast');
          return this.#unary(this.#deeper(depth));
        }
        const inner = this.binary(1, this.#deeper(depth));
        lexer.expect(')', 'to close an expression');
        return inner;
      }
    }
    return this.#primary(depth);
  }

  /** `&*p` is `p`. A parameter `x` is a pointer already; tests write `&x` for it all the same. */
  #address(at: number, depth: number): Expression {
    const of = this.#unary(this.#deeper(depth));
    if (of.kind === 'target') return of.pointer;
    if (of.kind === 'name') return of;
    throw this.#lexer.source.error('litmus-syntax', 'only a location has an address', at);
  }

  #primary(depth: number): Expression {
    const lexer = this.#lexer;
    const token = lexer.peek();
    const at = token.offset;
    if (token.kind === 'number') return { kind: 'number', at, value: lexer.number('a number') };
    if (token.kind !== 'word') throw lexer.unexpected('an expression');
    lexer.next();
    return lexer.accept('(')
      ? this.#call(token.text, at, this.#deeper(depth))
      : { kind: 'name', at, name: token.text };
  }

  #call(macro: string, at: number, depth: number): Expression {
    const lexer = this.#lexer;
    const known = macroNamed(macro);
    if (known === undefined) throw unknownMacro(lexer.source, macro, at);
    const words: Expression[] = [];
    while (!lexer.sees(')')) {
      if (words.length > 0) lexer.expect(',', `between the arguments of ${macro}()`);
      words.push(this.binary(1, depth));
    }
    lexer.next();
    if (words.length !== known.arity) {
      const takes = `${known.arity} argument${known.arity === 1 ? '' : 's'}`;
      throw lexer.source.error('bad-arguments', `${macro}() takes ${takes}, not ${words.length}`, at);
    }
    return { kind: 'call', at, macro, words };
  }

  #deeper(depth: number): number {
    if (depth >= MOST_NESTED) throw this.#tooMuch();
    return depth + 1;
  }

  #tooMuch(): Error {
    return this.#lexer.error('too-complex', 'this expression is too large', this.#lexer.peek());
  }
}
