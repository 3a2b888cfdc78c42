/** C as litmus tests use it. `at` is the offset in the file, for messages. */

export type BinaryOperator =
  | '||'
  | '&&'
  | '|'
  | '^'
  | '&'
  | '=='
  | '!='
  | '<'
  | '>'
  | '<='
  | '>='
  | '<<'
  | '>>'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

export type UnaryOperator = '-' | '+' | '!' | '~';

export type Expression =
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  /** A local variable, or a parameter: then the address of the location of that name. */
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'unary'; readonly at: number; readonly operator: UnaryOperator; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  /** `*p`: as a value a plain read, as the argument of READ_ONCE() and its kin the location. */
  | { readonly kind: 'target'; readonly at: number; readonly pointer: Expression }
  | {
      readonly kind: 'call';
      readonly at: number;
      readonly macro: string;
      readonly words: readonly Expression[];
    };

export type Statement =
  | { readonly kind: 'block'; readonly body: readonly Statement[] }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: Statement;
      readonly otherwise: Statement | undefined;
    }
  | { readonly kind: 'set'; readonly at: number; readonly name: string; readonly value: Expression }
  | {
      readonly kind: 'store';
      readonly at: number;
      readonly pointer: Expression;
      readonly value: Expression;
    }
  | { readonly kind: 'do'; readonly value: Expression };

/** `P0(int *x, spinlock_t *s) { … }`. */
export interface ProcessSyntax {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
  readonly body: readonly Statement[];
}

/** What the initial section says of a variable; an address is given by the name of the location. */
export interface Initial {
  readonly at: number;
  /** Undefined for locations. */
  readonly thread: number | undefined;
  readonly name: string;
  readonly type: string;
  readonly value: number | { readonly address: string };
}
