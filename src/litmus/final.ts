/**
 * The final section of a litmus test, which all dialects share: `locations [...]`, `filter (...)`, and
 * the condition. A name on the right of `=` is the address of a location.
 */
import type { Condition, Proposition, Variable } from './condition.ts';
import type { Lexer } from './lexer.ts';

export interface Final {
  readonly locations: readonly Variable[];
  readonly filter: Proposition | undefined;
  readonly condition: Condition;
}

/** Spells a register as the dialect does, or undefined when it is none. */
export type RegisterName = (text: string) => string | undefined;

/** Deeper or longer propositions than this are not meant to be read by anybody. */
const MOST_NESTED = 200;
const MOST_ATOMS = 2000;

export function parseFinal(lexer: Lexer, processes: number, registerName: RegisterName): Final {
  const parser = new FinalParser(lexer, processes, registerName);
  const final = parser.final();
  lexer.accept(';');
  if (lexer.peek().kind !== 'end') throw lexer.unexpected('nothing more behind the condition');
  return final;
}

class FinalParser {
  readonly #lexer: Lexer;
  readonly #processes: number;
  readonly #registerName: RegisterName;
  #atoms = 0;

  constructor(lexer: Lexer, processes: number, registerName: RegisterName) {
    this.#lexer = lexer;
    this.#processes = processes;
    this.#registerName = registerName;
  }

  final(): Final {
    const lexer = this.#lexer;
    const locations: Variable[] = [];
    let filter: Proposition | undefined;
    for (;;) {
      if (lexer.accept('locations')) locations.push(...this.#locations());
      else if (lexer.accept('filter')) filter = this.#proposition(0);
      else return { locations, filter, condition: this.#condition() };
    }
  }

  #locations(): Variable[] {
    const lexer = this.#lexer;
    const shown: Variable[] = [];
    lexer.expect('[', 'behind «locations»');
    while (!lexer.accept(']')) {
      shown.push(this.#variable());
      if (!lexer.sees(']')) lexer.expect(';', 'between locations');
    }
    return shown;
  }

  #condition(): Condition {
    const lexer = this.#lexer;
    if (lexer.accept('exists')) return { quantifier: 'exists', proposition: this.#proposition(0) };
    if (lexer.accept('forall')) return { quantifier: 'forall', proposition: this.#proposition(0) };
    if (lexer.accept('~')) {
      lexer.expect('exists', 'behind «~»');
      return { quantifier: 'not-exists', proposition: this.#proposition(0) };
    }
    // Without a condition every execution is as good as another.
    if (lexer.peek().kind === 'end') return { quantifier: 'forall', proposition: { op: 'true' } };
    throw lexer.unexpected('«exists», «~exists» or «forall»');
  }

  /** Loosest first: implication to the right, then or, then and. */
  #proposition(depth: number): Proposition {
    const left = this.#or(depth);
    if (!this.#lexer.accept('=>')) return left;
    return { op: 'implies', left, right: this.#proposition(this.#deeper(depth)) };
  }

  #or(depth: number): Proposition {
    let left = this.#and(depth);
    while (this.#lexer.accept('\\/')) left = { op: 'or', left, right: this.#and(depth) };
    return left;
  }

  #and(depth: number): Proposition {
    let left = this.#unary(depth);
    while (this.#lexer.accept('/\\')) left = { op: 'and', left, right: this.#unary(depth) };
    return left;
  }

  #unary(depth: number): Proposition {
    const lexer = this.#lexer;
    if (lexer.accept('~') || lexer.accept('not')) return { op: 'not', of: this.#unary(this.#deeper(depth)) };
    if (lexer.accept('true')) return { op: 'true' };
    if (lexer.accept('false')) return { op: 'not', of: { op: 'true' } };
    if (lexer.accept('(')) {
      const inner = this.#proposition(this.#deeper(depth));
      lexer.expect(')', 'to close a proposition');
      return inner;
    }
    return this.#atom();
  }

  #atom(): Proposition {
    const lexer = this.#lexer;
    if (++this.#atoms > MOST_ATOMS) throw this.#tooMuch();
    const variable = this.#variable();
    if (lexer.accept('!=')) return { op: 'not', of: this.#comparison(variable) };
    lexer.expect('=', 'between a variable and its value');
    return this.#comparison(variable);
  }

  /** What a variable is compared with. */
  #comparison(variable: Variable): Proposition {
    const lexer = this.#lexer;
    if (lexer.peek().kind === 'number' && lexer.sees(':', 1))
      return { op: 'same', left: variable, right: this.#variable() };
    lexer.accept('&');
    if (lexer.peek().kind === 'word')
      return { op: 'equal', variable, constant: { kind: 'address', of: lexer.next().text } };
    return { op: 'equal', variable, constant: { kind: 'number', value: lexer.number('a value') } };
  }

  /** `0:r1`, `x`, `[x]`, `*x`. */
  #variable(): Variable {
    const lexer = this.#lexer;
    if (lexer.accept('[')) {
      const name = lexer.word('a location').text;
      lexer.expect(']', 'behind a location');
      return { kind: 'location', name };
    }
    if (lexer.accept('*')) return { kind: 'location', name: lexer.word('a location').text };
    if (lexer.peek().kind !== 'number')
      return { kind: 'location', name: lexer.word('a register (`0:r1`) or a location').text };
    const token = lexer.peek();
    const thread = lexer.number('the number of a process');
    if (thread >= this.#processes)
      throw lexer.error('no-such-process', `there is no process P${thread}`, token);
    lexer.expect(':', 'behind the number of a process');
    lexer.accept('%');
    const register = lexer.word('a register');
    const name = this.#registerName(register.text);
    if (name === undefined)
      throw lexer.error('no-such-register', `«${register.text}» is no register`, register);
    return { kind: 'register', thread, name };
  }

  #deeper(depth: number): number {
    if (depth >= MOST_NESTED) throw this.#tooMuch();
    return depth + 1;
  }

  #tooMuch(): Error {
    return this.#lexer.error('too-complex', 'this condition is too large', this.#lexer.peek());
  }
}
