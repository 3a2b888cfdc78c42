/**
 * Whole numbers as bytes, seven bits each, and the bytes as base64url: safe in URLs, file names and shells.
 */

export class VarintWriter {
  readonly #bytes: number[] = [];

  /** A number from 0 to 2^53 - 1. */
  put(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) + 128);
    this.#bytes.push(rest);
  }

  putSigned(value: number): void {
    this.put(value >= 0 ? value * 2 : value * -2 - 1);
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

/** Reading past the end, or a number that is none. */
export class VarintError extends Error {}

export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Throws a {@link VarintError} when nothing is left. */
  take(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (this.atEnd || scale > Number.MAX_SAFE_INTEGER) throw new VarintError('unexpected end');
      const byte = this.#bytes[this.#at++];
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  }

  takeSigned(): number {
    const value = this.take();
    return value % 2 === 0 ? value / 2 : (value + 1) / -2;
  }
}
