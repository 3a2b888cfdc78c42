/** The initial section: `{ int x = 1; int *p = &x; 0:r1=x; atomic_t a = ATOMIC_INIT(0); }`. */
import type { Lexer } from '../lexer.ts';
import { unknownMacro } from './macros.ts';
import type { Initial } from './syntax.ts';
import { parseType, startsType } from './types.ts';

/** Reads the section, braces included. */
export function parseInitial(lexer: Lexer): Initial[] {
  const items: Initial[] = [];
  lexer.expect('{', 'to open the initial section');
  while (!lexer.accept('}')) {
    if (lexer.accept(';')) continue;
    items.push(parseItem(lexer));
    if (!lexer.sees('}')) lexer.expect(';', 'between initial values');
  }
  return items;
}

function parseItem(lexer: Lexer): Initial {
  let type = 'int';
  if (lexer.peek().kind === 'word' && (startsType(lexer) || isTypeOfRegister(lexer))) type = parseType(lexer);
  while (lexer.accept('*')) type += ' *';
  const bracketed = lexer.accept('[');
  const at = lexer.peek().offset;
  let thread: number | undefined;
  if (lexer.peek().kind === 'number') {
    thread = lexer.number('the number of a process');
    lexer.expect(':', 'behind the number of a process');
  }
  const name = lexer.word('the name of a variable').text;
  if (bracketed) lexer.expect(']', 'behind a location');
  else if (lexer.sees('['))
    throw lexer.error(
      'unsupported-array',
      'arrays are not supported',
      lexer.peek(),
      'use a location for each element',
    );
  const value = lexer.accept('=') ? parseValue(lexer) : 0;
  return { at, thread, name, type, value };
}

/** `int 0:r1 = x`: a type before the number of a process. */
function isTypeOfRegister(lexer: Lexer): boolean {
  return lexer.peek(1).kind === 'number';
}

function parseValue(lexer: Lexer): number | { readonly address: string } {
  // A cast of the value changes nothing.
  if (lexer.sees('(') && startsType(lexer, 1)) {
    lexer.next();
    parseType(lexer);
    lexer.expect(')', 'to close a cast');
  }
  if (lexer.accept('&')) return { address: lexer.word('a location').text };
  const token = lexer.peek();
  if (token.kind !== 'word') return lexer.number('an initial value');
  lexer.next();
  if (!lexer.sees('(')) return token.text === 'NULL' ? 0 : { address: token.text };
  if (token.text !== 'ATOMIC_INIT')
    throw unknownMacro(lexer.source, token.text, token.offset, 'initial values know ATOMIC_INIT()');
  lexer.next();
  const value = lexer.number('an initial value');
  lexer.expect(')', 'to close ATOMIC_INIT(');
  return value;
}
