/** Equal plain data as one object with one number, so that equality is seen at once and numbers can stand for data. */
import { createHash } from 'node:crypto';

/** Longer texts are known by a digest: there may be a million. */
const LONGEST_TEXT = 160;

export class Identities {
  readonly #byText = new Map<string, unknown>();
  readonly #numbers = new WeakMap<object, number>();
  #next = 0;

  /** The first object with the same contents. `text` says what they are, where that is shorter than JSON. */
  same<T>(value: T, text?: () => string): T {
    if (value === null || typeof value !== 'object' || this.#numbers.has(value)) return value;
    const whole = text === undefined ? JSON.stringify(value) : text();
    const key = whole.length <= LONGEST_TEXT ? whole : createHash('sha1').update(whole).digest('base64');
    const known = this.#byText.get(key);
    if (known !== undefined) return known as T;
    this.#byText.set(key, value);
    this.#numbers.set(value, this.#next++);
    return value;
  }

  /** Of an object that `same()` has given. */
  numberOf(value: object): number {
    const number = this.#numbers.get(value);
    if (number === undefined) throw new Error('an object that has no number');
    return number;
  }
}
