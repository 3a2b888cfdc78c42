import { catError, type CatErrorCode, type CatPlace } from './place.ts';
import type { Token } from './lexer.ts';

/** Deeper than any memory model nests, shallow enough for the stack. */
const DEEPEST = 150;

/** The tokens of one file, read from left to right, with errors at the current one. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  /** The last of the tokens is the end. */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.#tokens[this.#at];
  }

  get place(): CatPlace {
    return this.token.place;
  }

  /** The token so many places ahead. */
  peek(ahead: number): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
  }

  next(): Token {
    const token = this.token;
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  /** Whether the next token is this keyword or symbol. */
  is(text: string): boolean {
    const { kind } = this.token;
    return (kind === 'keyword' || kind === 'symbol') && this.token.text === text;
  }

  isAnyOf(...texts: readonly string[]): boolean {
    return texts.some((text) => this.is(text));
  }

  /** Takes this keyword or symbol if it comes next. */
  accept(text: string): boolean {
    const found = this.is(text);
    if (found) this.next();
    return found;
  }

  expect(text: string, after: string): void {
    if (!this.accept(text)) throw this.error(`${after} wants «${text}», not ${this.#found()}`);
  }

  name(what: string): string {
    if (this.token.kind !== 'name') throw this.error(`${what} wants a name, not ${this.#found()}`);
    return this.next().text;
  }

  unexpected(where: string): Error {
    return this.error(`${this.#found()} makes no sense ${where}`);
  }

  error(message: string, hint?: string, code: CatErrorCode = 'cat-syntax'): Error {
    return catError(code, message, this.place, hint);
  }

  /** Runs a part of the parser one level deeper; throws when the nesting has no reasonable end. */
  nested<T>(parse: () => T, levels = 1): T {
    this.#depth += levels;
    this.checkDepth(0);
    const result = parse();
    this.#depth -= levels;
    return result;
  }

  /** The same for chains that the parser reads in a loop but that nest in the syntax tree. */
  checkDepth(more: number): void {
    if (this.#depth + more > DEEPEST)
      throw this.error(`nested more than ${DEEPEST} levels deep`, undefined, 'cat-limit');
  }

  #found(): string {
    const { kind, text } = this.token;
    if (kind === 'end') return 'the end of the file';
    return kind === 'string' ? `"${text}"` : `«${kind === 'tag' ? "'" : ''}${text}»`;
  }
}
