/** Fixed-width bitset rows inside a shared Int32Array: `words` ints a row, row r from r * words. */

export function setBit(rows: Int32Array, base: number, bit: number): void {
  rows[base + (bit >> 5)] |= 1 << (bit & 31);
}

export function clearBit(rows: Int32Array, base: number, bit: number): void {
  rows[base + (bit >> 5)] &= ~(1 << (bit & 31));
}

export function hasBit(rows: Int32Array, base: number, bit: number): boolean {
  return (rows[base + (bit >> 5)] & (1 << (bit & 31))) !== 0;
}

/** The lowest bit that is set, of a word that is not 0: `for (let bits = word; bits !== 0; bits &= bits - 1)` meets all. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

export function popCount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
