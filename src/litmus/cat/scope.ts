import type { CatPlace } from './place.ts';
import type { Run } from './run.ts';
import type { Pattern, Statement } from './syntax.ts';
import type { Value } from './value.ts';

/**
 * The values of local names, innermost first. Cells of recursive definitions change while they are iterated.
 */
export interface Cell {
  value: Value;
  readonly next: Cell | undefined;
}
export type Env = Cell | undefined;

/** An expression made ready to run. */
export interface Code {
  readonly place: CatPlace;
  /** Depends on rf and co through no name at all: the same for all candidates over the same events. */
  readonly fixed: boolean;
  /** How many of the innermost cells it looks at; 0 for what stands for itself. */
  readonly reach: number;
  run(run: Run, env: Env): Value;
}

export type Entry =
  | { readonly kind: 'global'; readonly slot: number; readonly fixed: boolean }
  | { readonly kind: 'local'; readonly level: number; readonly fixed: boolean }
  | {
      readonly kind: 'procedure';
      readonly pattern: Pattern;
      readonly body: readonly Statement[];
      readonly scope: Scope;
    };

/** Which names mean what at one point of a file; immutable. */
export class Scope {
  static readonly EMPTY = new Scope(undefined, '', undefined, 0);

  /** Cells in the environment here. */
  readonly locals: number;
  readonly #parent: Scope | undefined;
  readonly #name: string;
  readonly #entry: Entry | undefined;

  private constructor(parent: Scope | undefined, name: string, entry: Entry | undefined, locals: number) {
    this.#parent = parent;
    this.#name = name;
    this.#entry = entry;
    this.locals = locals;
  }

  with(name: string, entry: Entry): Scope {
    return new Scope(this, name, entry, this.locals);
  }

  /** One more cell. */
  withLocal(name: string, fixed: boolean): Scope {
    return new Scope(this, name, { kind: 'local', level: this.locals, fixed }, this.locals + 1);
  }

  find(name: string): Entry | undefined {
    for (let scope = this as Scope | undefined; scope !== undefined; scope = scope.#parent)
      if (scope.#name === name && scope.#entry !== undefined) return scope.#entry;
    return undefined;
  }

  /** All names, for hints. */
  names(): string[] {
    const names = new Set<string>();
    for (let scope = this as Scope | undefined; scope !== undefined; scope = scope.#parent)
      if (scope.#entry !== undefined) names.add(scope.#name);
    return [...names];
  }
}
