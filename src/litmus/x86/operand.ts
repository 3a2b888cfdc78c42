import type { Lexer } from '../lexer.ts';
import type { MemoryOperand, Operand } from './instruction.ts';
import { registerNamed, type Register } from './register.ts';

/**
 * Reads one operand of either dialect: `$1`, `1`, `$x`, `EAX`, `%eax`, `[x]`, `(x)`, `x`, `x(%rip)`, `[EAX]`,
 * `8(%rax)`, `0(%rax,%rbx,8)`. Throws `litmus-syntax`, located, at anything else.
 */
export function parseOperand(lexer: Lexer): Operand {
  const token = lexer.peek();
  if (lexer.sees('%')) return { kind: 'register', register: register(lexer) };
  if (lexer.sees('[') || lexer.sees('(')) return memory(lexer, undefined, 0);
  if (token.kind === 'number' || lexer.sees('-')) {
    const value = lexer.number('a number');
    return lexer.sees('(') || lexer.sees('[')
      ? memory(lexer, undefined, value)
      : { kind: 'immediate', value };
  }
  const { text } = lexer.word('an operand: a register, $1, or a memory operand such as [x]');
  if (text.startsWith('$')) return immediate(lexer, text.slice(1));
  const named = registerNamed(text);
  if (named !== undefined) return { kind: 'register', register: named };
  return lexer.sees('(') ? memory(lexer, text, 0) : absolute(text, 0);

  function immediate(from: Lexer, rest: string): Operand {
    if (rest === '') return { kind: 'immediate', value: from.number('a number behind «$»') };
    if (!/^[0-9]/.test(rest)) return { kind: 'address', symbol: rest };
    const value = Number(rest);
    if (!Number.isSafeInteger(value)) throw from.error('bad-number', `«$${rest}» is not a number`, token);
    return { kind: 'immediate', value };
  }
}

function absolute(symbol: string | undefined, offset: number): MemoryOperand {
  return { kind: 'memory', symbol, offset, base: undefined, index: undefined, scale: 1 };
}

/** What stands in parentheses or brackets, behind a displacement or a symbol. */
function memory(lexer: Lexer, symbol: string | undefined, offset: number): MemoryOperand {
  const close = lexer.next().text === '[' ? ']' : ')';
  const operand = inside(lexer, symbol, offset);
  lexer.expect(close, 'behind a memory operand');
  return operand;
}

function inside(lexer: Lexer, symbol: string | undefined, offset: number): MemoryOperand {
  const token = lexer.peek();
  if (token.kind === 'number') return absolute(symbol, offset + lexer.number('an address'));
  if (!lexer.sees('%') && registerNamed(token.text) === undefined) {
    const name = lexer.word('a location or a register').text;
    if (symbol !== undefined) throw lexer.unexpected('one location only', token);
    return absolute(name, offset);
  }
  const base = register(lexer);
  // `x(%rip)` is how compilers spell `x`.
  if (symbol !== undefined && base.family === 'rip') return absolute(symbol, offset);
  if (!lexer.accept(',')) return { kind: 'memory', symbol, offset, base, index: undefined, scale: 1 };
  const index = register(lexer);
  const scale = lexer.accept(',') ? lexer.number('a scale: 1, 2, 4 or 8') : 1;
  return { kind: 'memory', symbol, offset, base, index, scale };
}

function register(lexer: Lexer): Register {
  const prefix = lexer.accept('%') ? '%' : '';
  const token = lexer.word('a register');
  const found = registerNamed(`${prefix}${token.text}`);
  if (found === undefined) throw lexer.error('litmus-syntax', `«${token.text}» is no register`, token);
  return found;
}
