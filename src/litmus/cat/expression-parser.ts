/**
 * Expressions of cat. From the loosest to the tightest operator, as in herd's grammar:
 *
 *   |    ++ (right)    ;    \ (left)    &    * (product)    ~ (prefix)    ^-1 ? + * (postfix)    application
 *
 * `*` is the product when an operand follows and the closure otherwise.
 */
import type { CatPlace } from './place.ts';
import type { Binding, Condition, Expression, MatchPattern, Pattern, Postfix } from './syntax.ts';
import type { TokenStream } from './token-stream.ts';

type Level = (stream: TokenStream) => Expression;

export function expression(stream: TokenStream): Expression {
  return stream.nested(() => union(stream));
}

function chainOf(operator: '|' | ';' | '&', operand: Level): Level {
  return (stream) => {
    const { place } = stream;
    const items = [operand(stream)];
    while (stream.accept(operator)) items.push(operand(stream));
    return items.length === 1 ? items[0] : { kind: 'chain', operator, items, place };
  };
}

function append(stream: TokenStream): Expression {
  const { place } = stream;
  const left = sequence(stream);
  if (!stream.accept('++')) return left;
  return { kind: 'binary', operator: '++', left, right: stream.nested(() => append(stream)), place };
}

/** Left-associative, so that the tree grows with every operator. */
function leftward(
  stream: TokenStream,
  operator: '\\' | '*',
  operand: Level,
  goesOn: () => boolean,
): Expression {
  const { place } = stream;
  let left = operand(stream);
  for (let depth = 1; goesOn(); depth++) {
    stream.checkDepth(depth);
    stream.next();
    left = { kind: 'binary', operator, left, right: operand(stream), place };
  }
  return left;
}

const product: Level = (stream) => leftward(stream, '*', prefixed, () => isProduct(stream));
const intersection = chainOf('&', product);
const difference: Level = (stream) => leftward(stream, '\\', intersection, () => stream.is('\\'));
const sequence = chainOf(';', difference);
const union = chainOf('|', append);

function isProduct(stream: TokenStream): boolean {
  if (!stream.is('*')) return false;
  const { kind, text } = stream.peek(1);
  return kind === 'name' || kind === 'tag' || kind === 'number' || ['(', '[', '{', '~'].includes(text);
}

function prefixed(stream: TokenStream): Expression {
  const { place } = stream;
  if (!stream.accept('~')) return suffixed(stream);
  return { kind: 'complement', inner: stream.nested(() => prefixed(stream)), place };
}

function suffixed(stream: TokenStream): Expression {
  const { place } = stream;
  let inner = applied(stream);
  for (let depth = 1; ; depth++) {
    stream.checkDepth(depth);
    const operator = postfix(stream);
    if (operator === undefined) return inner;
    inner = { kind: 'postfix', operator, inner, place };
  }
}

function postfix(stream: TokenStream): Postfix | undefined {
  if (isProduct(stream)) return undefined;
  for (const operator of ['^-1', '?', '+', '*'] as const) if (stream.accept(operator)) return operator;
  for (const operator of ['?', '+', '*'] as const) if (stream.accept(`^${operator}`)) return operator;
  return undefined;
}

function applied(stream: TokenStream): Expression {
  const { place } = stream;
  let fn = primary(stream);
  for (let depth = 1; startsArgument(stream); depth++) {
    stream.checkDepth(depth);
    fn = { kind: 'apply', fn, argument: primary(stream), place };
  }
  return fn;
}

function startsArgument(stream: TokenStream): boolean {
  const { kind } = stream.token;
  return kind === 'name' || kind === 'tag' || kind === 'number' || stream.isAnyOf('(', '{', '[');
}

function primary(stream: TokenStream): Expression {
  const { place, token } = stream;
  switch (token.kind) {
    case 'name':
      stream.next();
      return token.text === '_' ? { kind: 'universe', place } : { kind: 'name', name: token.text, place };
    case 'tag':
      stream.next();
      return { kind: 'tag', tag: token.text, place };
    case 'number':
      stream.next();
      return { kind: 'nothing', place };
    case 'keyword':
      return stream.nested(() => keyworded(stream));
    case 'symbol':
      return bracketed(stream);
    case 'string':
    case 'end':
      throw stream.unexpected('where an expression belongs');
  }
}

function bracketed(stream: TokenStream): Expression {
  const { place } = stream;
  if (stream.accept('(')) {
    if (stream.accept(')')) return { kind: 'tuple', items: [], place };
    const items = list(stream);
    stream.expect(')', 'the bracket');
    return items.length === 1 ? items[0] : { kind: 'tuple', items, place };
  }
  if (stream.accept('[')) {
    const inner = expression(stream);
    stream.expect(']', 'the bracket');
    return { kind: 'identity', inner, place };
  }
  if (stream.accept('{')) {
    if (stream.accept('}')) return { kind: 'nothing', place };
    const items = list(stream);
    stream.expect('}', 'the set');
    return { kind: 'set', items, place };
  }
  throw stream.unexpected('where an expression belongs');
}

/** Expressions with commas between them. */
export function list(stream: TokenStream): Expression[] {
  const items = [expression(stream)];
  while (stream.accept(',')) items.push(expression(stream));
  return items;
}

function keyworded(stream: TokenStream): Expression {
  const { place } = stream;
  if (stream.accept('fun')) {
    const patterns = parameters(stream);
    if (patterns.length === 0) throw stream.unexpected('as the parameter of a function');
    stream.expect('->', 'the function');
    return curried(patterns, expression(stream), place);
  }
  if (stream.accept('let')) {
    const { recursive, bindings } = bindingsAfterLet(stream);
    stream.expect('in', 'a let inside an expression');
    return { kind: 'let', recursive, bindings, body: expression(stream), place };
  }
  if (stream.accept('try')) {
    const body = expression(stream);
    stream.expect('with', 'try');
    return { kind: 'try', body, otherwise: expression(stream), place };
  }
  if (stream.accept('if')) {
    const asked = condition(stream);
    stream.expect('then', 'if');
    const yes = expression(stream);
    stream.expect('else', 'if … then …');
    return { kind: 'if', condition: asked, yes, no: expression(stream), place };
  }
  if (stream.accept('match')) return matching(stream, place);
  throw stream.unexpected('where an expression belongs');
}

function matching(stream: TokenStream, place: CatPlace): Expression {
  const subject = expression(stream);
  stream.expect('with', 'match');
  const clauses: { pattern: MatchPattern; body: Expression }[] = [];
  stream.accept('||');
  do {
    const pattern = matchPattern(stream);
    stream.expect('->', 'the case');
    clauses.push({ pattern, body: expression(stream) });
  } while (stream.accept('||'));
  stream.expect('end', 'match');
  return { kind: 'match', subject, clauses, place };
}

function matchPattern(stream: TokenStream): MatchPattern {
  if (stream.token.kind === 'tag') return { kind: 'tag', tag: stream.next().text };
  if (stream.accept('{')) {
    stream.expect('}', 'the pattern of an empty set');
    return { kind: 'empty' };
  }
  const first = stream.name('a pattern');
  if (first === '_' && !stream.is('++')) return { kind: 'any' };
  stream.expect('++', `the pattern that begins with ${first}`);
  return { kind: 'cons', first, rest: stream.name('a pattern') };
}

/** `x`, `x = y` … of conditions; strings name herd's variants. */
export function condition(stream: TokenStream): Condition {
  return stream.nested(() => {
    let left = conjunction(stream);
    for (let depth = 1; stream.accept('||'); depth++) {
      stream.checkDepth(depth);
      left = { kind: 'or', left, right: conjunction(stream) };
    }
    return left;
  });
}

function conjunction(stream: TokenStream): Condition {
  let left = comparison(stream);
  for (let depth = 1; stream.accept('&&'); depth++) {
    stream.checkDepth(depth);
    left = { kind: 'and', left, right: comparison(stream) };
  }
  return left;
}

function comparison(stream: TokenStream): Condition {
  if (stream.token.kind === 'string') return { kind: 'variant', name: stream.next().text };
  if (stream.is('~') && stream.peek(1).kind === 'string') {
    stream.next();
    return { kind: 'not', inner: { kind: 'variant', name: stream.next().text } };
  }
  const left = expression(stream);
  if (stream.accept('=')) return { kind: '=', left, right: expression(stream) };
  if (stream.accept('subset') || stream.accept('<='))
    return { kind: 'subset', left, right: expression(stream) };
  if (stream.accept('in')) return { kind: 'in', left, right: expression(stream) };
  throw stream.unexpected('in a condition');
}

/** What follows `let`: `[rec] name parameters = value and …`. */
export function bindingsAfterLet(stream: TokenStream): { recursive: boolean; bindings: Binding[] } {
  const recursive = stream.accept('rec');
  const bindings = [binding(stream)];
  while (stream.accept('and')) bindings.push(binding(stream));
  return { recursive, bindings };
}

function binding(stream: TokenStream): Binding {
  const { place } = stream;
  const [pattern, ...args] = parameters(stream);
  if (pattern === undefined) throw stream.unexpected('as the name of a definition');
  stream.expect('=', 'the definition');
  return { pattern, value: curried(args, expression(stream), place), place };
}

function curried(patterns: readonly Pattern[], body: Expression, place: CatPlace): Expression {
  return patterns.reduceRight<Expression>(
    (rest, pattern) => ({ kind: 'fun', pattern, body: rest, place }),
    body,
  );
}

function parameters(stream: TokenStream): Pattern[] {
  const patterns: Pattern[] = [];
  while (stream.token.kind === 'name' || stream.is('(')) {
    stream.checkDepth(patterns.length);
    patterns.push(parameter(stream));
  }
  return patterns;
}

export function parameter(stream: TokenStream): Pattern {
  if (!stream.accept('(')) return { names: [stream.name('the parameter')], isTuple: false };
  const names: string[] = [];
  if (!stream.is(')')) names.push(stream.name('the parameter'));
  while (stream.accept(',')) names.push(stream.name('the parameter'));
  stream.expect(')', 'the list of parameters');
  return { names, isTuple: names.length !== 1 };
}
