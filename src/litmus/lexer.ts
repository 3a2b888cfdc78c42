import type { Source } from './source.ts';
import { SIGNS, tokenText, type Token, type TokenKind } from './token.ts';

const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const NUMBER = /0[xX][0-9a-fA-F]+[uUlL]*|[0-9]+[uUlL]*/y;
const BLANK = /\s+/y;

/**
 * Tokens on demand. Outside the code of processes `(*` opens a comment, which may nest; inside it is a
 * parenthesis and a star, as in `READ_ONCE(*x)`: the parser says which, by {@link inCode}.
 */
export class Lexer {
  readonly source: Source;
  inCode = false;
  #offset: number;
  #ahead: Token[] = [];

  constructor(source: Source, offset = 0) {
    this.source = source;
    this.#offset = offset;
  }

  /** The token that comes next, or one further on. */
  peek(distance = 0): Token {
    while (this.#ahead.length <= distance) this.#ahead.push(this.#scan());
    return this.#ahead[distance];
  }

  next(): Token {
    return this.#ahead.shift() ?? this.#scan();
  }

  /** Whether the next token is this sign or word. */
  sees(text: string, distance = 0): boolean {
    const token = this.peek(distance);
    return token.text === text && (token.kind === 'sign' || token.kind === 'word');
  }

  /** Takes the sign or word if it comes next. */
  accept(text: string): boolean {
    if (!this.sees(text)) return false;
    this.next();
    return true;
  }

  expect(text: string, where: string): Token {
    if (this.sees(text)) return this.next();
    throw this.unexpected(`«${text}» ${where}`);
  }

  word(what: string): Token {
    if (this.peek().kind === 'word') return this.next();
    throw this.unexpected(what);
  }

  /** A number, possibly negative; what does not fit a JavaScript integer is refused. */
  number(what: string): number {
    const negative = this.accept('-');
    const token = this.next();
    if (token.kind !== 'number') throw this.unexpected(what, token);
    const value = Number(token.text.replace(/[uUlL]+$/, ''));
    if (!Number.isSafeInteger(value))
      throw this.error('bad-number', `${tokenText(token)} is too large`, token);
    return negative ? -value : value;
  }

  /** Goes on at another place; what has been looked at but not taken is looked at again. */
  jump(offset: number): void {
    this.#ahead = [];
    this.#offset = offset;
  }

  unexpected(wanted: string, token = this.peek()): Error {
    return this.error('litmus-syntax', `expected ${wanted}, found ${tokenText(token)}`, token);
  }

  error(code: string, message: string, token: Token, hint?: string): Error {
    return this.source.error(code, message, token.offset, hint);
  }

  #scan(): Token {
    this.#offset = skipBlanks(this.source, this.#offset, !this.inCode);
    const { text } = this.source;
    const offset = this.#offset;
    if (offset >= text.length) return { kind: 'end', text: '', offset };
    if (text[offset] === '"') {
      const end = text.indexOf('"', offset + 1);
      if (end < 0) throw this.source.error('litmus-syntax', 'this string is never closed', offset);
      this.#offset = end + 1;
      return { kind: 'string', text: text.slice(offset + 1, end), offset };
    }
    const token = this.#match(WORD, 'word') ?? this.#match(NUMBER, 'number') ?? this.#sign(offset);
    if (token !== undefined) return token;
    const strange = String.fromCodePoint(text.codePointAt(offset) as number);
    throw this.source.error('litmus-syntax', `«${strange}» means nothing in a litmus test`, offset);
  }

  #match(pattern: RegExp, kind: TokenKind): Token | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.source.text);
    return found === null ? undefined : this.#token(kind, found[0]);
  }

  #sign(offset: number): Token | undefined {
    const text = SIGNS.find((sign) => this.source.text.startsWith(sign, offset));
    return text === undefined ? undefined : this.#token('sign', text);
  }

  #token(kind: TokenKind, text: string): Token {
    const offset = this.#offset;
    this.#offset += text.length;
    return { kind, text, offset };
  }
}

/** The offset behind blanks and comments: C's two kinds, and herd's `(* … *)` where those are comments. */
export function skipBlanks(source: Source, from: number, herdComments: boolean): number {
  const { text } = source;
  for (let offset = from; ; ) {
    BLANK.lastIndex = offset;
    if (BLANK.test(text)) offset = BLANK.lastIndex;
    else if (text.startsWith('//', offset)) offset = endOf(text, '\n', offset) ?? text.length;
    else if (text.startsWith('/*', offset)) offset = closed(source, endOf(text, '*/', offset + 2), offset);
    else if (herdComments && text.startsWith('(*', offset)) offset = afterHerdComment(source, offset);
    else return offset;
  }
}

function afterHerdComment(source: Source, from: number): number {
  const marks = /\(\*|\*\)/g;
  marks.lastIndex = from;
  let depth = 0;
  for (let mark = marks.exec(source.text); mark !== null; mark = marks.exec(source.text)) {
    depth += mark[0] === '(*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return closed(source, undefined, from);
}

function endOf(text: string, mark: string, from: number): number | undefined {
  const at = text.indexOf(mark, from);
  return at < 0 ? undefined : at + mark.length;
}

function closed(source: Source, end: number | undefined, from: number): number {
  if (end === undefined) throw source.error('litmus-syntax', 'this comment is never closed', from);
  return end;
}
