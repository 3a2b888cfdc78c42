/** A memory model in cat made ready to run: definitions in the order of the text, and its checks. */
import { BASE } from './base.ts';
import { catError, type CatPlace } from './place.ts';
import type { Run } from './run.ts';
import { Scope, type Code } from './scope.ts';
import type { CheckKind } from './syntax.ts';
import type { Value } from './value.ts';

export type ProgramCheck =
  | {
      readonly kind: 'check';
      readonly check: CheckKind;
      readonly negated: boolean;
      readonly flag: boolean;
      readonly name: string;
      readonly code: Code;
    }
  /** `with name from …`: the candidate must be one of those. */
  | { readonly kind: 'with'; readonly slot: number };

/** More than any memory model has; procedures that call each other could otherwise double without end. */
const MOST_DEFINITIONS = 5000;

/**
 * Definitions are slots: evaluated when somebody asks, once for a candidate, or once for all candidates over
 * the same events when rf and co do not matter. A definition only ever refers to earlier ones.
 */
export class Program {
  readonly checks: ProgramCheck[] = [];
  readonly base: Scope;
  readonly #slots: Code[] = [];
  #parts = 0;

  constructor() {
    const place = { file: 'herd', line: 1, column: 1 };
    this.base = [...BASE].reduce((scope, [name, { fixed, value }]) => {
      const slot = this.define({ place, fixed, reach: 0, run: (run) => value(run) });
      return scope.with(name, { kind: 'global', slot, fixed });
    }, Scope.EMPTY);
  }

  get definitions(): number {
    return this.#slots.length;
  }

  define(code: Code): number {
    if (this.#slots.length > MOST_DEFINITIONS)
      throw catError('cat-limit', `more than ${MOST_DEFINITIONS} definitions`, code.place);
    return this.#slots.push(code) - 1;
  }

  /** The number of an expression that is evaluated once for all candidates. */
  newPart(): number {
    return this.#parts++;
  }

  global(slot: number, run: Run): Value {
    const code = this.#slots[slot];
    const known = code.fixed ? run.prepared.globals : run.globals;
    return (known[slot] ??= code.run(run, undefined));
  }

  unknownName(name: string, scope: Scope, place: CatPlace): Error {
    const alike = scope.names().find((other) => other.toLowerCase() === name.toLowerCase());
    return catError(
      'cat-name',
      `nothing defines «${name}»`,
      place,
      alike === undefined
        ? 'is an include, or the .bell file beside the .cat file, missing?'
        : `there is «${alike}»`,
    );
  }
}
