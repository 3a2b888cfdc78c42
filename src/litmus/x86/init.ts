import type { Lexer } from '../lexer.ts';
import type { Token } from '../token.ts';
import { registerNamed, type Register } from './register.ts';

/** A number, or the address of a location. */
export type InitialValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'address'; readonly of: string; readonly token: Token };

export interface InitialRegister {
  readonly thread: number;
  readonly register: Register;
  readonly value: InitialValue;
  readonly token: Token;
}

export interface InitialLocation {
  readonly name: string;
  /** Undefined for a plain variable. */
  readonly elementSize: number | undefined;
  /** One value, or one an element. */
  readonly values: readonly InitialValue[];
  readonly token: Token;
}

export interface Init {
  readonly registers: readonly InitialRegister[];
  readonly locations: readonly InitialLocation[];
}

/** Bytes of an array's element by its type; pointers have 8. */
const SIZES: Readonly<Record<string, number>> = {
  char: 1,
  int8_t: 1,
  uint8_t: 1,
  short: 2,
  int16_t: 2,
  uint16_t: 2,
  int: 4,
  int32_t: 4,
  uint32_t: 4,
  unsigned: 4,
  long: 8,
  int64_t: 8,
  uint64_t: 8,
  intptr_t: 8,
  uintptr_t: 8,
};
const QUALIFIERS = ['volatile', 'const', 'atomic_t', '_Atomic'];
const POINTER = 8;
const INT = 4;
const MOST_ELEMENTS = 4096;
const ZERO: InitialValue = { kind: 'number', value: 0 };

/** Reads the initial state: `{ x=0; 0:EAX=1; 0:RAX=x; int64_t t[2]={1,-1}; int64_t 0:rcx; }`. */
export function parseInit(lexer: Lexer): Init {
  const registers: InitialRegister[] = [];
  const locations: InitialLocation[] = [];
  lexer.expect('{', 'to open the initial state');
  while (!lexer.accept('}')) {
    if (lexer.accept(';')) continue;
    const size = parseType(lexer);
    const token = lexer.peek();
    if (token.kind === 'number') registers.push(parseRegister(lexer, token));
    else locations.push(parseLocation(lexer, token, size));
    if (!lexer.sees('}')) lexer.expect(';', 'between initial values');
  }
  return { registers, locations };
}

/** The type before a name, if there is one; returns the size of what has that type. */
function parseType(lexer: Lexer): number {
  let size: number | undefined;
  while (lexer.peek().kind === 'word') {
    const { text } = lexer.peek();
    const known = Object.hasOwn(SIZES, text) ? SIZES[text] : undefined;
    if (known === undefined && !QUALIFIERS.includes(text)) break;
    lexer.next();
    size = Math.max(size ?? 0, known ?? 0);
  }
  let pointers = 0;
  while (lexer.accept('*')) pointers += 1;
  return pointers > 0 ? POINTER : size || INT;
}

function parseRegister(lexer: Lexer, start: Token): InitialRegister {
  const thread = lexer.number('the number of a process');
  lexer.expect(':', 'behind the number of a process');
  const prefix = lexer.accept('%') ? '%' : '';
  const token = lexer.word('a register');
  const register = registerNamed(`${prefix}${token.text}`);
  if (register === undefined) throw lexer.error('no-such-register', `«${token.text}» is no register`, token);
  const value = lexer.accept('=') ? parseValue(lexer) : ZERO;
  return { thread, register, value, token: start };
}

function parseLocation(lexer: Lexer, token: Token, size: number): InitialLocation {
  const bracketed = lexer.accept('[');
  const name = lexer.word('a location, or a register such as 0:EAX').text;
  if (bracketed) lexer.expect(']', 'behind a location');
  if (!bracketed && lexer.accept('[')) return parseArray(lexer, name, token, size);
  const values = [lexer.accept('=') ? parseValue(lexer) : ZERO];
  return { name, elementSize: undefined, values, token };
}

function parseArray(lexer: Lexer, name: string, token: Token, elementSize: number): InitialLocation {
  const at = lexer.peek();
  const length = lexer.number('the number of elements');
  if (length < 1 || length > MOST_ELEMENTS)
    throw lexer.error(
      'litmus-syntax',
      `an array of ${length} elements`,
      at,
      `1 to ${MOST_ELEMENTS} are possible`,
    );
  lexer.expect(']', 'behind the number of elements');
  const values: InitialValue[] = [];
  if (lexer.accept('=')) {
    lexer.expect('{', 'before the elements');
    do values.push(parseValue(lexer));
    while (lexer.accept(','));
    lexer.expect('}', 'behind the elements');
  }
  if (values.length > length)
    throw lexer.error('litmus-syntax', `«${name}» has ${length} elements, not ${values.length}`, token);
  while (values.length < length) values.push(ZERO);
  return { name, elementSize, values, token };
}

function parseValue(lexer: Lexer): InitialValue {
  lexer.accept('&');
  const token = lexer.peek();
  if (token.kind === 'word') return { kind: 'address', of: lexer.next().text, token };
  return { kind: 'number', value: lexer.number('a number, or the name of a location') };
}
