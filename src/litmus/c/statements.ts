import type { Lexer } from '../lexer.ts';
import { parseExpression } from './expressions.ts';
import type { BinaryOperator, Expression, Statement } from './syntax.ts';
import { parseType, startsType } from './types.ts';

const LOOPS = new Set(['while', 'for', 'do', 'goto']);
const MOST_NESTED = 100;

/** The statements up to the closing brace, which is taken. */
export function parseBody(lexer: Lexer, depth = 0): Statement[] {
  const body: Statement[] = [];
  while (!lexer.sees('}')) {
    if (lexer.peek().kind === 'end') throw lexer.unexpected('«}» to close a block');
    body.push(...parseStatement(lexer, depth));
  }
  // What follows may be a comment of herd's kind: that is the caller's to say before it looks ahead.
  if (depth === 0) lexer.inCode = false;
  lexer.next();
  return body;
}

/** One statement; a declaration of several variables comes out as several assignments. */
function parseStatement(lexer: Lexer, depth: number): Statement[] {
  if (depth > MOST_NESTED)
    throw lexer.error('too-complex', 'these blocks are nested too deeply', lexer.peek());
  if (lexer.accept(';')) return [];
  if (lexer.accept('{')) return [{ kind: 'block', body: parseBody(lexer, depth + 1) }];
  if (lexer.sees('if') && lexer.sees('(', 1)) return [parseIf(lexer, depth)];
  const first = lexer.peek();
  if (first.kind === 'word' && LOOPS.has(first.text)) {
    throw lexer.error(
      'unsupported-statement',
      `«${first.text}»: loops and jumps are not supported`,
      first,
      'unroll the loop',
    );
  }
  if (startsType(lexer)) return parseDeclaration(lexer);
  const statement = parseSimple(lexer);
  lexer.expect(';', 'at the end of a statement');
  return [statement];
}

function parseIf(lexer: Lexer, depth: number): Statement {
  lexer.next();
  lexer.expect('(', 'behind «if»');
  const condition = parseExpression(lexer);
  lexer.expect(')', 'behind the condition');
  const then: Statement = { kind: 'block', body: parseStatement(lexer, depth + 1) };
  const otherwise: Statement | undefined = lexer.accept('else')
    ? { kind: 'block', body: parseStatement(lexer, depth + 1) }
    : undefined;
  return { kind: 'if', condition, then, otherwise };
}

/** `int r1, *r2 = x;` A declaration without a value makes nothing: registers begin as 0. */
function parseDeclaration(lexer: Lexer): Statement[] {
  parseType(lexer);
  const made: Statement[] = [];
  do {
    while (lexer.accept('*'));
    const name = lexer.word('the name of a variable');
    if (lexer.sees('['))
      throw lexer.error('unsupported-array', 'local arrays are not supported', lexer.peek());
    if (lexer.accept('='))
      made.push({ kind: 'set', at: name.offset, name: name.text, value: parseExpression(lexer) });
  } while (lexer.accept(','));
  lexer.expect(';', 'at the end of a declaration');
  return made;
}

/** An assignment, `x += 1`, `x++`, or a macro that is used for what it does. */
function parseSimple(lexer: Lexer): Statement {
  const left = parseExpression(lexer);
  const sign = lexer.peek();
  const at = sign.offset;
  if (lexer.accept('=')) return assign(lexer, left, parseExpression(lexer), at);
  if (lexer.accept('++') || lexer.accept('--')) {
    const operator = sign.text === '++' ? '+' : '-';
    return assign(
      lexer,
      left,
      { kind: 'binary', at, operator, left, right: { kind: 'number', at, value: 1 } },
      at,
    );
  }
  if (sign.kind === 'sign' && /^(?:\+|-|\*|\/|%|&|\||\^|<<|>>)=$/.test(sign.text)) {
    lexer.next();
    const operator = sign.text.slice(0, -1) as BinaryOperator;
    return assign(lexer, left, { kind: 'binary', at, operator, left, right: parseExpression(lexer) }, at);
  }
  return { kind: 'do', value: left };
}

function assign(lexer: Lexer, left: Expression, value: Expression, at: number): Statement {
  if (left.kind === 'name') return { kind: 'set', at: left.at, name: left.name, value };
  if (left.kind === 'target') return { kind: 'store', at: left.at, pointer: left.pointer, value };
  throw lexer.source.error('litmus-syntax', 'only a variable or «*pointer» can be assigned to', at);
}
