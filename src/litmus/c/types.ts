import type { Lexer } from '../lexer.ts';

const TYPE_WORDS = new Set([
  'int',
  'long',
  'short',
  'char',
  'unsigned',
  'signed',
  'void',
  'bool',
  'struct',
  'union',
  'volatile',
  'const',
  'u8',
  'u16',
  'u32',
  'u64',
  's32',
  's64',
]);

const MODIFIERS = new Set(['volatile', 'const', 'unsigned', 'signed', 'long', 'short', 'struct', 'union']);

/** Whether a type begins at the token: by its word, or because `name name` can be nothing else. */
export function startsType(lexer: Lexer, distance = 0): boolean {
  const token = lexer.peek(distance);
  if (token.kind !== 'word') return false;
  if (TYPE_WORDS.has(token.text)) return true;
  const next = lexer.peek(distance + 1);
  if (next.kind === 'word') return true;
  return token.text.endsWith('_t') && (next.text === '*' || next.text === ')');
}

/** Reads a type with its stars and gives its text; types mean nothing more here than what is a lock. */
export function parseType(lexer: Lexer): string {
  const words = [lexer.word('a type').text];
  while (MODIFIERS.has(words[words.length - 1]) && lexer.peek().kind === 'word' && isPartOfType(lexer, words))
    words.push(lexer.next().text);
  for (;;) {
    if (lexer.accept('*')) words.push('*');
    else if (lexer.sees('volatile') || lexer.sees('const')) words.push(lexer.next().text);
    else return words.join(' ');
  }
}

/** `struct x` takes any name, `unsigned` and `long` only another word of a type, qualifiers any type. */
function isPartOfType(lexer: Lexer, words: readonly string[]): boolean {
  const last = words[words.length - 1];
  if (last === 'struct' || last === 'union') return true;
  if (TYPE_WORDS.has(lexer.peek().text)) return true;
  const onlyQualifiers = words.every((word) => word === 'volatile' || word === 'const');
  return onlyQualifiers && startsType(lexer);
}
