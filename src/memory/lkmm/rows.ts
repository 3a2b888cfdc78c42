/** Operations on rows of predecessors, `words` ints each, without allocation. */
import { hasBit, lowestBit } from '../bits.ts';

/** target row |= rows[x] for every x in the selecting row. */
export function unionOver(
  select: Int32Array,
  selectAt: number,
  rows: Int32Array,
  into: Int32Array,
  intoAt: number,
  words: number,
): void {
  for (let i = 0; i < words; i++) {
    for (let bits = select[selectAt + i]; bits !== 0; bits &= bits - 1) {
      const from = ((i << 5) + lowestBit(bits)) * words;
      for (let k = 0; k < words; k++) into[intoAt + k] |= rows[from + k];
    }
  }
}

/** Warshall in place over the first n rows. */
export function transitiveClosure(rows: Int32Array, n: number, words: number): void {
  for (let k = 0; k < n; k++) {
    const from = k * words;
    const word = k >> 5;
    const bit = 1 << (k & 31);
    let any = 0;
    for (let i = 0; i < words; i++) any |= rows[from + i];
    if (any === 0) continue;
    for (let e = 0; e < n; e++) {
      const at = e * words;
      if ((rows[at + word] & bit) === 0) continue;
      for (let i = 0; i < words; i++) rows[at + i] |= rows[from + i];
    }
  }
}

/** Whether a transitively closed relation relates some event to itself. */
export function hasCycle(closed: Int32Array, n: number, words: number): boolean {
  for (let e = 0; e < n; e++) if (hasBit(closed, e * words, e)) return true;
  return false;
}
