/**
 * The question that a litmus test asks of final states (herd7's `exists`, `~exists`, `forall`), and
 * propositions over them: syntax, text, and evaluation.
 */

/** What a final state shows: a register of a process, or a memory location. */
export type Variable =
  | { readonly kind: 'register'; readonly thread: number; readonly name: string }
  | { readonly kind: 'location'; readonly name: string };

/** What a variable is compared with: a number, or the address of a location. */
export type Constant =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'address'; readonly of: string };

export type Proposition =
  | { readonly op: 'true' }
  | { readonly op: 'equal'; readonly variable: Variable; readonly constant: Constant }
  /** Two variables that hold the same value: `0:r1=1:r1`. */
  | { readonly op: 'same'; readonly left: Variable; readonly right: Variable }
  | { readonly op: 'not'; readonly of: Proposition }
  | { readonly op: 'and' | 'or' | 'implies'; readonly left: Proposition; readonly right: Proposition };

/** `not-exists` is written `~exists`. */
export type Quantifier = 'exists' | 'not-exists' | 'forall';

export interface Condition {
  readonly quantifier: Quantifier;
  readonly proposition: Proposition;
}

/** How often a condition's proposition held: of `exists` the witnesses are the positive ones. */
export type Observation = 'Always' | 'Sometimes' | 'Never';

/** `0:r1` or `[x]`, as herd7 prints variables. */
export function variableText(variable: Variable): string {
  return variable.kind === 'register' ? `${variable.thread}:${variable.name}` : `[${variable.name}]`;
}

export function constantText(constant: Constant): string {
  return constant.kind === 'number' ? String(constant.value) : constant.of;
}

/** Registers by process and name, then locations by name: the order of herd7's state lines. */
export function compareVariables(a: Variable, b: Variable): number {
  if (a.kind !== b.kind) return a.kind === 'register' ? -1 : 1;
  if (a.kind === 'register' && b.kind === 'register' && a.thread !== b.thread) return a.thread - b.thread;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** The variables that a proposition speaks of, each as often as it does. */
export function variablesOf(proposition: Proposition): Variable[] {
  switch (proposition.op) {
    case 'true':
      return [];
    case 'equal':
      return [proposition.variable];
    case 'same':
      return [proposition.left, proposition.right];
    case 'not':
      return variablesOf(proposition.of);
    case 'and':
    case 'or':
    case 'implies':
      return [...variablesOf(proposition.left), ...variablesOf(proposition.right)];
  }
}

/** The constants that a proposition compares with. */
export function constantsOf(proposition: Proposition): Constant[] {
  switch (proposition.op) {
    case 'true':
    case 'same':
      return [];
    case 'equal':
      return [proposition.constant];
    case 'not':
      return constantsOf(proposition.of);
    case 'and':
    case 'or':
    case 'implies':
      return [...constantsOf(proposition.left), ...constantsOf(proposition.right)];
  }
}

/** Whether the proposition holds of a final state, given the values of variables and constants there. */
export function holds(
  proposition: Proposition,
  valueOf: (variable: Variable) => number,
  constantValue: (constant: Constant) => number,
): boolean {
  const ask = (inner: Proposition): boolean => holds(inner, valueOf, constantValue);
  switch (proposition.op) {
    case 'true':
      return true;
    case 'equal':
      return valueOf(proposition.variable) === constantValue(proposition.constant);
    case 'same':
      return valueOf(proposition.left) === valueOf(proposition.right);
    case 'not':
      return !ask(proposition.of);
    case 'and':
      return ask(proposition.left) && ask(proposition.right);
    case 'or':
      return ask(proposition.left) || ask(proposition.right);
    case 'implies':
      return !ask(proposition.left) || ask(proposition.right);
  }
}

/**
 * Whether the proposition may come out as wanted when each variable holds one of its values, whatever the others
 * hold: says no only where that is certain, and is certain where each variable has but one value.
 */
export function mayBe(
  proposition: Proposition,
  wanted: boolean,
  valuesOf: (variable: Variable) => ReadonlySet<number>,
  constantValue: (constant: Constant) => number,
): boolean {
  const ask = (inner: Proposition, so: boolean): boolean => mayBe(inner, so, valuesOf, constantValue);
  switch (proposition.op) {
    case 'true':
      return wanted;
    case 'equal': {
      const values = valuesOf(proposition.variable);
      const has = values.has(constantValue(proposition.constant));
      return wanted ? has : values.size > (has ? 1 : 0);
    }
    case 'same': {
      const [left, right] = [valuesOf(proposition.left), valuesOf(proposition.right)];
      const common = [...left].some((value) => right.has(value));
      return wanted ? common : left.size > 1 || right.size > 1 || !common;
    }
    case 'not':
      return ask(proposition.of, !wanted);
    case 'and':
      return wanted
        ? ask(proposition.left, true) && ask(proposition.right, true)
        : ask(proposition.left, false) || ask(proposition.right, false);
    case 'or':
      return wanted
        ? ask(proposition.left, true) || ask(proposition.right, true)
        : ask(proposition.left, false) && ask(proposition.right, false);
    case 'implies':
      return wanted
        ? ask(proposition.left, false) || ask(proposition.right, true)
        : ask(proposition.left, true) && ask(proposition.right, false);
  }
}

/** As herd7 prints it: `exists (0:r1=1 /\ not ([x]=2))`. */
export function conditionText({ quantifier, proposition }: Condition): string {
  const name = quantifier === 'not-exists' ? '~exists' : quantifier;
  return `${name} (${propositionText(proposition)})`;
}

const LOOSEST = 0;
const LEVELS = { implies: 0, or: 1, and: 2 } as const;
const SIGNS = { implies: '=>', or: '\\/', and: '/\\' } as const;

export function propositionText(proposition: Proposition, level: number = LOOSEST): string {
  switch (proposition.op) {
    case 'true':
      return 'true';
    case 'equal':
      return `${variableText(proposition.variable)}=${constantText(proposition.constant)}`;
    case 'same':
      return `${variableText(proposition.left)}=${variableText(proposition.right)}`;
    case 'not':
      return `not (${propositionText(proposition.of)})`;
    case 'and':
    case 'or':
    case 'implies': {
      const own = LEVELS[proposition.op];
      const text = `${propositionText(proposition.left, own)} ${SIGNS[proposition.op]} ${propositionText(proposition.right, own)}`;
      return own < level ? `(${text})` : text;
    }
  }
}
