/** A set of events 0..n-1 as one bitset row; immutable. */
export class EventSet {
  readonly n: number;
  readonly bits: Int32Array;

  constructor(n: number, bits: Int32Array = new Int32Array(wordsFor(n))) {
    this.n = n;
    this.bits = bits;
  }

  static of(n: number, members: Iterable<number>): EventSet {
    const set = new EventSet(n);
    for (const e of members) set.bits[e >> 5] |= 1 << (e & 31);
    return set;
  }

  static where(n: number, holds: (event: number) => boolean): EventSet {
    return EventSet.of(
      n,
      Array.from({ length: n }, (_, e) => e).filter((e) => holds(e)),
    );
  }

  has(event: number): boolean {
    return (this.bits[event >> 5] & (1 << (event & 31))) !== 0;
  }

  union(other: EventSet): EventSet {
    return new EventSet(
      this.n,
      this.bits.map((word, i) => word | other.bits[i]),
    );
  }

  intersection(other: EventSet): EventSet {
    return new EventSet(
      this.n,
      this.bits.map((word, i) => word & other.bits[i]),
    );
  }

  difference(other: EventSet): EventSet {
    return new EventSet(
      this.n,
      this.bits.map((word, i) => word & ~other.bits[i]),
    );
  }

  /** ¬S: all events but these. */
  complement(): EventSet {
    return EventSet.where(this.n, (e) => !this.has(e));
  }

  members(): number[] {
    return Array.from({ length: this.n }, (_, e) => e).filter((e) => this.has(e));
  }

  get isEmpty(): boolean {
    return this.bits.every((word) => word === 0);
  }

  equals(other: EventSet): boolean {
    return this.n === other.n && this.bits.every((word, i) => word === other.bits[i]);
  }
}

/** How many 32-bit words a row of n bits takes; at least one. */
export function wordsFor(n: number): number {
  return Math.max(1, (n + 31) >> 5);
}
