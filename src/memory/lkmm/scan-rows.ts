import { setBit } from '../bits.ts';

/** Scratch rows of the scan: sets of earlier events, by what they mean for the event being added. */
export const Row = {
  mem: 0,
  separated: 1,
  fullWrites: 2,
  acquires: 3,
  wmbWrites: 4,
  rmbReads: 5,
  rmbAll: 6,
  beforeAtomic: 7,
  uptoAtomic: 8,
  uptoLock: 9,
  beforeUnlock: 10,
  unlockLock: 11,
  mbFences: 12,
  wmbFences: 13,
  rmbFences: 14,
  pendingAtomic: 15,
  choices: 16,
  sameLoc: 17,
  deps: 18,
  locks: 19,
  uptoSrcuUnlock: 20,
  must: 21,
} as const;
export type Row = (typeof Row)[keyof typeof Row];

/** The rows of {@link Row}, one bitset each. */
export class ScanRows {
  readonly rows: Int32Array;
  readonly #words: number;

  constructor(words: number) {
    this.#words = words;
    this.rows = new Int32Array(Object.keys(Row).length * words);
  }

  clear(): void {
    this.rows.fill(0);
  }

  at(row: Row, i: number): number {
    return this.rows[row * this.#words + i];
  }

  put(row: Row, e: number): void {
    setBit(this.rows, row * this.#words, e);
  }

  or(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++) this.rows[into * this.#words + i] |= this.at(from, i);
  }

  set(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++) this.rows[into * this.#words + i] = this.at(from, i);
  }
}
