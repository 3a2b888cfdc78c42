import type { Lexer } from '../lexer.ts';
import { parseBody } from './statements.ts';
import type { ProcessSyntax } from './syntax.ts';
import { parseType } from './types.ts';

/** `P0(volatile int *x, spinlock_t *s) { … }`; processes are numbered from 0 on, in order. */
export function parseProcess(lexer: Lexer, number: number): ProcessSyntax {
  const name = lexer.next();
  if (name.text !== `P${number}`)
    throw lexer.error('litmus-syntax', `expected process P${number}, found «${name.text}»`, name);
  lexer.expect('(', 'behind the name of a process');
  const parameters: { name: string; type: string }[] = [];
  while (!lexer.sees(')')) {
    if (parameters.length > 0) lexer.expect(',', 'between parameters');
    if (lexer.sees('void') && lexer.sees(')', 1)) {
      lexer.next();
      break;
    }
    const type = parseType(lexer);
    const parameter = lexer.word('the name of a parameter');
    if (lexer.sees('[')) throw lexer.error('unsupported-array', 'arrays are not supported', lexer.peek());
    parameters.push({ name: parameter.text, type });
  }
  lexer.next();
  lexer.expect('{', 'to open the process');
  lexer.inCode = true;
  return { name: name.text, parameters, body: parseBody(lexer) };
}
