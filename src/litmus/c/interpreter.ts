/**
 * A process of a C litmus test as a step program: locals are registers, everything behind a pointer is
 * shared memory. An address dependency comes from the pointer expression, a data dependency from the
 * stored one, a control dependency from the condition of an `if`.
 *
 * For herd7 what follows an `if` does not depend on it, not even when the branches leave different values
 * in a register. Such an `if` is therefore guessed: an explicit choice decides, and the end of the process
 * holds the guesses against the conditions. Nothing can follow the last `if`, which needs no guess.
 */
import { Mark } from '../../memory/event.ts';
import { assume, branch, choose, load, store } from '../../program/operations.ts';
import type { Location, Lock } from '../../program/location.ts';
import type { Read, Steps } from '../../program/operation.ts';
import type { Layout } from '../layout.ts';
import type { Source } from '../source.ts';
import { callMacro } from './call.ts';
import type { Expression, ProcessSyntax, Statement } from './syntax.ts';
import { followedIfs } from './following.ts';
import { applyBinary, applyUnary, constant, type Value } from './value.ts';

interface Guess {
  /** The reads that have shown whether it was right. */
  readonly from: readonly Read[];
  readonly right: boolean;
}

/** What the statements of one process work on. */
export class Interpreter {
  readonly source: Source;
  readonly layout: Layout;
  readonly #process: ProcessSyntax;
  readonly #variables: Map<string, Value>;
  readonly #guessed: ReadonlySet<Statement>;
  /** The conditions of the guesses so far, and whether each came out as guessed. */
  readonly #guesses: Guess[] = [];
  /** Program-order indices of the reads that decide about the present point. */
  readonly #deciding = new Set<number>();

  constructor(source: Source, layout: Layout, process: ProcessSyntax, initial: ReadonlyMap<string, number>) {
    this.source = source;
    this.layout = layout;
    this.#process = process;
    this.#guessed = followedIfs(process.body);
    this.#variables = new Map([...initial].map(([name, value]) => [name, constant(value)]));
  }

  /** Runs the process and leaves the values of its variables in `final`. */
  *run(final: Map<string, number>): Steps {
    yield* this.#block(this.#process.body);
    for (const guess of this.#guesses) yield* hold(guess);
    for (const [name, { number }] of this.#variables) final.set(name, number);
  }

  *evaluate(expression: Expression): Steps<Value> {
    switch (expression.kind) {
      case 'number':
        return constant(expression.value);
      case 'name':
        return this.#variables.get(expression.name) ?? constant(0);
      case 'unary':
        return applyUnary(expression.operator, yield* this.evaluate(expression.of));
      case 'binary': {
        // Both sides are evaluated, even of `&&` and `||`: herd7 has no shortcuts either.
        const left = yield* this.evaluate(expression.left);
        return applyBinary(expression.operator, left, yield* this.evaluate(expression.right));
      }
      case 'target': {
        const pointer = yield* this.evaluate(expression.pointer);
        return yield* this.load(pointer, Mark.Plain, expression.at);
      }
      case 'call':
        return yield* callMacro(this, expression);
    }
  }

  /** Parameters are shared locations, all other names local variables. */
  isParameter(name: string): boolean {
    return this.#process.parameters.some((parameter) => parameter.name === name);
  }

  setLocal(name: string, value: Value): void {
    this.#variables.set(name, value);
  }

  *load(pointer: Value, mark: Mark, at: number): Steps<Value> {
    const read = yield* load(this.locationAt(pointer, at), mark, { addr: pointer.from });
    return valueOf(read);
  }

  *store(pointer: Value, value: Value, mark: Mark, at: number): Steps {
    const depends = { addr: pointer.from, data: value.from };
    yield* store(this.locationAt(pointer, at), value.number, mark, depends);
  }

  /** The location that a pointer points to; `at` is where the program follows it. */
  locationAt(pointer: Value, at: number): Location {
    const found = this.layout.at(pointer.number);
    if (found.kind === 'location') return found;
    throw this.source.error(
      'plain-lock',
      `«${found.name}» is a lock and cannot be accessed like a variable`,
      at,
      'locks are for spin_lock(), spin_unlock(), spin_trylock() and spin_is_locked()',
    );
  }

  lockAt(pointer: Value, at: number): Lock {
    const found = this.layout.at(pointer.number);
    if (found.kind === 'lock') return found;
    throw this.source.error('no-lock', `«${found.name}» is no lock`, at, 'declare it as spinlock_t *');
  }

  /** An explicit choice between two ways to go on; true for the first. */
  *guess(yes: string, no: string): Steps<boolean> {
    return (yield* choose(yes, no)) === 0;
  }

  /**
   * What these reads showed of a guess. Executions with a wrong one are dropped at the end of the process.
   */
  holdAgainst(right: boolean, from: readonly Read[]): void {
    this.#guesses.push({ from, right });
  }

  /** Ends the process where some guess has come out wrong already. */
  *dropWrongGuesses(): Steps {
    for (const guess of this.#guesses) if (!guess.right) yield* hold(guess);
  }

  /** Steps that are decided by these reads; what comes behind them is not. */
  *decidedBy<T>(reads: readonly Read[], steps: Steps<T>): Steps<T> {
    const fresh = reads.filter(({ at }) => !this.#deciding.has(at));
    if (fresh.length === 0) return yield* steps;
    yield { op: 'branch', on: fresh, isSettled: true };
    for (const { at } of fresh) this.#deciding.add(at);
    const result = yield* steps;
    for (const { at } of fresh) this.#deciding.delete(at);
    yield { op: 'join', on: fresh };
    return result;
  }

  *#block(body: readonly Statement[]): Steps {
    for (const statement of body) yield* this.#perform(statement);
  }

  *#perform(statement: Statement): Steps {
    switch (statement.kind) {
      case 'block':
        yield* this.#block(statement.body);
        return;
      case 'set':
        this.setLocal(statement.name, yield* this.evaluate(statement.value));
        return;
      case 'store': {
        const pointer = yield* this.evaluate(statement.pointer);
        yield* this.store(pointer, yield* this.evaluate(statement.value), Mark.Plain, statement.at);
        return;
      }
      case 'do':
        yield* this.evaluate(statement.value);
        return;
      case 'if':
        yield* this.#branch(statement);
        return;
    }
  }

  *#branch(statement: Extract<Statement, { kind: 'if' }>): Steps {
    const { number, from } = yield* this.evaluate(statement.condition);
    let holds = number !== 0;
    if (from.length > 0 && this.#guessed.has(statement)) {
      const guess = yield* this.guess('then', 'else');
      this.holdAgainst(guess === holds, from);
      holds = guess;
    }
    const body = holds ? statement.then : statement.otherwise;
    if (this.#guessed.has(statement)) {
      if (body !== undefined) yield* this.decidedBy(from, this.#perform(body));
      return;
    }
    if (from.length > 0) yield* branch(from[0], ...from.slice(1));
    if (body !== undefined) yield* this.#perform(body);
  }
}

function* hold({ from, right }: Guess): Steps {
  if (from.length > 0) yield* branch(from[0], ...from.slice(1));
  yield* assume(right);
}

/** What a read delivered, tainted by nothing but itself: memory carries no taint. */
export function valueOf(read: Read): Value {
  return { number: read.value, from: [read] };
}
