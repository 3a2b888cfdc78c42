import { hasBit, lowestBit, setBit } from './bits.ts';
import { EventSet, wordsFor } from './event-set.ts';

/**
 * A binary relation over events 0..n-1, with the operators in which memory models are written
 * (MEMORY-MODELS 3.0). Row a is the bitset of all b with a → b. Immutable: every operator makes a new one.
 */
export class Relation {
  readonly n: number;
  readonly words: number;
  readonly rows: Int32Array;

  private constructor(n: number, rows: Int32Array) {
    this.n = n;
    this.words = wordsFor(n);
    this.rows = rows;
  }

  static empty(n: number): Relation {
    return new Relation(n, new Int32Array(n * wordsFor(n)));
  }

  static fromPairs(n: number, pairs: Iterable<readonly [number, number]>): Relation {
    const relation = Relation.empty(n);
    for (const [a, b] of pairs) relation.#set(a, b);
    return relation;
  }

  static where(n: number, holds: (a: number, b: number) => boolean): Relation {
    const relation = Relation.empty(n);
    for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) if (holds(a, b)) relation.#set(a, b);
    return relation;
  }

  /** [S]: the identity on a set. */
  static on(set: EventSet): Relation {
    const relation = Relation.empty(set.n);
    for (const e of set.members()) relation.#set(e, e);
    return relation;
  }

  /** id */
  static identity(n: number): Relation {
    const relation = Relation.empty(n);
    for (let e = 0; e < n; e++) relation.#set(e, e);
    return relation;
  }

  /** A × B */
  static product(from: EventSet, to: EventSet): Relation {
    const { n } = from;
    const relation = Relation.empty(n);
    for (const a of from.members()) relation.rows.set(to.bits, a * relation.words);
    return relation;
  }

  has(a: number, b: number): boolean {
    return hasBit(this.rows, a * this.words, b);
  }

  /** r ∪ s ∪ … */
  union(...others: readonly Relation[]): Relation {
    const rows = this.rows.slice();
    for (const other of others) for (let i = 0; i < rows.length; i++) rows[i] |= other.rows[i];
    return new Relation(this.n, rows);
  }

  /** r ∩ s */
  intersection(other: Relation): Relation {
    const rows = this.rows.slice();
    for (let i = 0; i < rows.length; i++) rows[i] &= other.rows[i];
    return new Relation(this.n, rows);
  }

  /** r \ s */
  difference(other: Relation): Relation {
    const rows = this.rows.slice();
    for (let i = 0; i < rows.length; i++) rows[i] &= ~other.rows[i];
    return new Relation(this.n, rows);
  }

  /** r ; s ; …: a → c where some b has a r b and b s c. */
  seq(...others: readonly Relation[]): Relation {
    return others.reduce((left, right) => left.#then(right), this as Relation);
  }

  /** r⁻¹ */
  inverse(): Relation {
    const inverse = Relation.empty(this.n);
    for (const [a, b] of this.pairs()) inverse.#set(b, a);
    return inverse;
  }

  /** r? = r ∪ id */
  optional(): Relation {
    return this.union(Relation.identity(this.n));
  }

  /** r⁺: transitive closure (Warshall). */
  plus(): Relation {
    const { n, words } = this;
    const closure = new Relation(n, this.rows.slice());
    const { rows } = closure;
    for (let via = 0; via < n; via++)
      for (let a = 0; a < n; a++)
        if (closure.has(a, via)) for (let i = 0; i < words; i++) rows[a * words + i] |= rows[via * words + i];
    return closure;
  }

  /** r* = r⁺ ∪ id */
  star(): Relation {
    return this.plus().optional();
  }

  /** [S];r;[T] */
  restrict(from: EventSet, to: EventSet): Relation {
    return this.from(from).to(to);
  }

  /** [S];r */
  from(set: EventSet): Relation {
    const { words } = this;
    const kept = Relation.empty(this.n);
    for (const a of set.members())
      for (let i = a * words; i < (a + 1) * words; i++) kept.rows[i] = this.rows[i];
    return kept;
  }

  /** r;[T] */
  to(set: EventSet): Relation {
    const { words } = this;
    const rows = this.rows.slice();
    for (let at = 0; at < rows.length; at += words)
      for (let i = 0; i < words; i++) rows[at + i] &= set.bits[i];
    return new Relation(this.n, rows);
  }

  domain(): EventSet {
    return EventSet.of(
      this.n,
      this.pairs().map(([a]) => a),
    );
  }

  range(): EventSet {
    return EventSet.of(
      this.n,
      this.pairs().map(([, b]) => b),
    );
  }

  pairs(): (readonly [number, number])[] {
    const pairs: (readonly [number, number])[] = [];
    for (let a = 0; a < this.n; a++)
      for (let i = 0; i < this.words; i++)
        for (let bits = this.rows[a * this.words + i]; bits !== 0; bits &= bits - 1)
          pairs.push([a, (i << 5) + lowestBit(bits)]);
    return pairs;
  }

  get isEmpty(): boolean {
    return this.rows.every((word) => word === 0);
  }

  get isIrreflexive(): boolean {
    for (let a = 0; a < this.n; a++) if (this.has(a, a)) return false;
    return true;
  }

  get isAcyclic(): boolean {
    return this.plus().isIrreflexive;
  }

  equals(other: Relation): boolean {
    return this.n === other.n && this.rows.every((word, i) => word === other.rows[i]);
  }

  toString(): string {
    return `{${this.pairs()
      .map(([a, b]) => `${a}→${b}`)
      .join(' ')}}`;
  }

  #set(a: number, b: number): void {
    setBit(this.rows, a * this.words, b);
  }

  #then(right: Relation): Relation {
    const { n, words } = this;
    const product = Relation.empty(n);
    for (let a = 0; a < n; a++)
      for (let i = 0; i < words; i++)
        for (let bits = this.rows[a * words + i]; bits !== 0; bits &= bits - 1) {
          const b = (i << 5) + lowestBit(bits);
          for (let j = 0; j < words; j++) product.rows[a * words + j] |= right.rows[b * words + j];
        }
    return product;
  }
}
