/** What has been worked out about processors, so that no search works it out twice. */
import { ReadTree, type Location } from 'fencepost';
import type { MayHold, Processor, ReadEntry } from 'fencepost/x86';
import { Identities } from './identities.ts';

/** Beyond so many results memory runs short. */
const KEPT_RESULTS = 2_000_000;
const INDICES = 2 ** 10;
const NUMBERS = 2 ** 26;

export class Remembered {
  readonly identities = new Identities();
  readonly #results = new ReadTree<number, object>(KEPT_RESULTS);
  readonly #judged = new ReadTree<Location, true>(KEPT_RESULTS);
  readonly #passed = new Set<number>();
  readonly #passedAlone = new WeakSet<object>();

  /** `compute()`, or what it gave under this name when it read the same entries. */
  byReads<R extends object>(name: string, read: ReadEntry, compute: (read: ReadEntry) => R): R {
    const known = this.#results.find(name, (entry) => read(Math.floor(entry / INDICES), entry % INDICES));
    if (known !== undefined) return known as R;
    const seen = new Map<number, number>();
    const result = compute((frame, index) => {
      const entry = frame * INDICES + index;
      const word = seen.get(entry) ?? read(frame, index);
      seen.set(entry, word);
      return word;
    });
    this.#results.add(name, [...seen], result);
    return result;
  }

  /** Judges once what reads the same words: `judge` throws what is wrong. */
  onceReading(
    name: string,
    word: (location: Location) => number,
    judge: (word: (location: Location) => number) => void,
  ): void {
    if (this.#judged.find(name, word) !== undefined) return;
    const seen = new Map<Location, number>();
    judge((location) => {
      const value = seen.get(location) ?? word(location);
      seen.set(location, value);
      return value;
    });
    this.#judged.add(name, [...seen], true);
  }

  sameHeld(held: MayHold): MayHold {
    const { translations, structures } = held;
    return this.identities.same(held, () => `held ${translations.join()} ${structures.join()}`);
  }

  sameProcessor(processor: Processor): Processor {
    const { identities } = this;
    const registers = identities.same(processor.registers);
    const held = this.sameHeld(processor.held);
    const text = (): string => `processor ${identities.numberOf(registers)} ${identities.numberOf(held)}`;
    return identities.same({ registers, held }, text);
  }

  /** Judges once what depends on one object and on nothing else: `judge` throws what is wrong with it. */
  onceAlone(object: object, judge: () => void): void {
    if (this.#passedAlone.has(object)) return;
    judge();
    this.#passedAlone.add(object);
  }

  /** Judges a pair once: `judge` throws what is wrong with it. */
  once(allowed: Processor, real: MayHold, judge: () => void): void {
    const pair =
      this.identities.numberOf(this.sameProcessor(allowed)) * NUMBERS +
      this.identities.numberOf(this.sameHeld(real));
    if (this.#passed.has(pair)) return;
    judge();
    this.#passed.add(pair);
  }
}
