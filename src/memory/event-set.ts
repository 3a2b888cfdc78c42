import { hasBit, lowestBit, setBit } from './bits.ts';

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
    for (const e of members) setBit(set.bits, 0, e);
    return set;
  }

  static where(n: number, holds: (event: number) => boolean): EventSet {
    const set = new EventSet(n);
    for (let e = 0; e < n; e++) if (holds(e)) setBit(set.bits, 0, e);
    return set;
  }

  has(event: number): boolean {
    return hasBit(this.bits, 0, event);
  }

  union(other: EventSet): EventSet {
    const bits = this.bits.slice();
    for (let i = 0; i < bits.length; i++) bits[i] |= other.bits[i];
    return new EventSet(this.n, bits);
  }

  intersection(other: EventSet): EventSet {
    const bits = this.bits.slice();
    for (let i = 0; i < bits.length; i++) bits[i] &= other.bits[i];
    return new EventSet(this.n, bits);
  }

  difference(other: EventSet): EventSet {
    const bits = this.bits.slice();
    for (let i = 0; i < bits.length; i++) bits[i] &= ~other.bits[i];
    return new EventSet(this.n, bits);
  }

  /** ¬S: all events but these. */
  complement(): EventSet {
    return EventSet.where(this.n, (e) => !this.has(e));
  }

  members(): number[] {
    const members: number[] = [];
    for (let i = 0; i < this.bits.length; i++)
      for (let bits = this.bits[i]; bits !== 0; bits &= bits - 1) members.push((i << 5) + lowestBit(bits));
    return members;
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
