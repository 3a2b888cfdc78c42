/**
 * Tokens of herd's cat language. Comments `(* *)` nest; `//` and `#` begin one that ends with the line. Names may
 * contain `-`, `.` and `_`, as `po-loc`; a name after a quote is a tag. `^-1`, `^+`, `^*` and `^?` are single tokens,
 * as in herd.
 */
import { catError, type CatPlace } from './place.ts';

export type TokenKind = 'name' | 'keyword' | 'tag' | 'string' | 'number' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Without the quotes of tags and strings. */
  readonly text: string;
  readonly place: CatPlace;
}

const KEYWORDS = new Set([
  ...['let', 'rec', 'and', 'in', 'fun', 'match', 'with', 'end', 'if', 'then', 'else', 'try', 'from'],
  ...['acyclic', 'irreflexive', 'empty', 'flag', 'as', 'show', 'unshow', 'include', 'subset'],
  ...[
    'enum',
    'instructions',
    'events',
    'default',
    'procedure',
    'call',
    'forall',
    'do',
    'assert',
    'undefined',
  ],
]);

/** Longest first. */
const SYMBOLS = [
  ...['^-1', '^+', '^*', '^?', '++', '||', '&&', '->', '<='],
  ...['(', ')', '[', ']', '{', '}', ',', ';', '|', '&', '\\', '~', '?', '*', '+', '='],
];

const NAME = /[A-Za-z_][A-Za-z0-9_.-]*'?/y;
const SPACE = /(?:[ \t\r\n\f]|(?:\/\/|#)[^\n]*)+/y;

/** All tokens of a file, with an `end` token last. Throws a located FencepostError. */
export function tokens(file: string, text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;

  const place = (): CatPlace => ({ file, line, column: at - lineStart + 1 });
  const advance = (to: number): void => {
    for (let next = text.indexOf('\n', at); next >= 0 && next < to; next = text.indexOf('\n', next + 1)) {
      line += 1;
      lineStart = next + 1;
    }
    at = to;
  };
  const matchAt = (pattern: RegExp, from: number): string | undefined => {
    pattern.lastIndex = from;
    return pattern.exec(text)?.[0];
  };
  const take = (kind: TokenKind, value: string, length: number): void => {
    found.push({ kind, text: value, place: place() });
    advance(at + length);
  };

  while (at < text.length) {
    const space = matchAt(SPACE, at);
    if (space !== undefined) {
      advance(at + space.length);
    } else if (text.startsWith('(*', at)) {
      const end = endOfComment(text, at);
      if (end === undefined) throw catError('cat-syntax', 'comment without end', place(), 'close it with *)');
      advance(end);
    } else {
      takeToken();
    }
  }
  found.push({ kind: 'end', text: 'end of file', place: place() });
  return found;

  function takeToken(): void {
    const first = text[at];
    if (first === '"') {
      const end = text.indexOf('"', at + 1);
      if (end < 0 || text.slice(at, end).includes('\n'))
        throw catError('cat-syntax', 'string without end', place(), 'a string ends on its line with "');
      take('string', text.slice(at + 1, end), end + 1 - at);
      return;
    }
    if (first === "'") {
      const tag = matchAt(NAME, at + 1);
      if (tag === undefined)
        throw catError('cat-syntax', 'a quote without a tag', place(), "tags look like 'once");
      take('tag', tag, tag.length + 1);
      return;
    }
    if (first === '0') return take('number', '0', 1);
    const name = matchAt(NAME, at);
    if (name !== undefined) return take(KEYWORDS.has(name) ? 'keyword' : 'name', name, name.length);
    const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, at));
    if (symbol === undefined)
      throw catError('cat-syntax', `${JSON.stringify(first)} means nothing here`, place());
    take('symbol', symbol, symbol.length);
  }
}

/** Where the comment that starts here is over; undefined when it never is. */
function endOfComment(text: string, start: number): number | undefined {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text.startsWith('(*', i)) {
      depth += 1;
      i += 1;
    } else if (text.startsWith('*)', i)) {
      depth -= 1;
      i += 1;
      if (depth === 0) return i + 1;
    }
  }
  return undefined;
}
