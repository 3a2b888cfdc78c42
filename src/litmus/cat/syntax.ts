/**
 * The syntax of cat files as data (herd's modelling language; MEMORY-MODELS 3.7). Every node knows its place.
 */
import type { CatPlace } from './place.ts';

/** Operators of which a chain is one node: they are associative. */
export type ChainOperator = '|' | ';' | '&';

export type Postfix = '^-1' | '?' | '+' | '*';

export type CheckKind = 'acyclic' | 'irreflexive' | 'empty';

/** What a function takes or a tuple is taken apart into. */
export interface Pattern {
  /** One name binds the whole argument; several, in brackets, the parts of a tuple. */
  readonly names: readonly string[];
  readonly isTuple: boolean;
}

export interface Binding {
  readonly pattern: Pattern;
  /** The value; for a function of several curried arguments, nested `fun` nodes. */
  readonly value: Expression;
  readonly place: CatPlace;
}

export type MatchPattern =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'cons'; readonly first: string; readonly rest: string }
  | { readonly kind: 'any' };

export type Condition =
  | { readonly kind: 'variant'; readonly name: string }
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: '=' | 'subset' | 'in'; readonly left: Expression; readonly right: Expression };

export type Expression = { readonly place: CatPlace } & (
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'nothing' | 'universe' }
  | { readonly kind: 'chain'; readonly operator: ChainOperator; readonly items: readonly Expression[] }
  | {
      readonly kind: 'binary';
      readonly operator: '\\' | '++' | '*';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'postfix'; readonly operator: Postfix; readonly inner: Expression }
  | { readonly kind: 'complement' | 'identity'; readonly inner: Expression }
  | { readonly kind: 'tuple' | 'set'; readonly items: readonly Expression[] }
  | { readonly kind: 'apply'; readonly fn: Expression; readonly argument: Expression }
  | { readonly kind: 'fun'; readonly pattern: Pattern; readonly body: Expression }
  | {
      readonly kind: 'let';
      readonly recursive: boolean;
      readonly bindings: readonly Binding[];
      readonly body: Expression;
    }
  | {
      readonly kind: 'match';
      readonly subject: Expression;
      readonly clauses: readonly { readonly pattern: MatchPattern; readonly body: Expression }[];
    }
  | {
      readonly kind: 'if';
      readonly condition: Condition;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | { readonly kind: 'try'; readonly body: Expression; readonly otherwise: Expression }
);

export type Statement = { readonly place: CatPlace } & (
  | { readonly kind: 'let'; readonly recursive: boolean; readonly bindings: readonly Binding[] }
  | {
      readonly kind: 'check';
      readonly check: CheckKind;
      readonly negated: boolean;
      /** Collected beside the verdict; it rejects nothing. */
      readonly flag: boolean;
      readonly name: string | undefined;
      readonly value: Expression;
    }
  | { readonly kind: 'with'; readonly name: string; readonly from: Expression }
  | { readonly kind: 'include'; readonly file: string }
  | { readonly kind: 'enum'; readonly name: string; readonly tags: readonly string[] }
  /** Which annotations an instruction may carry; it defines nothing. */
  | { readonly kind: 'instructions'; readonly name: string; readonly allowed: readonly Expression[] }
  | {
      readonly kind: 'procedure';
      readonly name: string;
      readonly pattern: Pattern;
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'call'; readonly name: string; readonly argument: Expression }
  | {
      readonly kind: 'if';
      readonly condition: Condition;
      readonly yes: readonly Statement[];
      readonly no: readonly Statement[];
    }
  /** Only for herd's pictures. */
  | { readonly kind: 'show' }
);

export interface CatFile {
  readonly path: string;
  readonly title: string | undefined;
  readonly statements: readonly Statement[];
}
