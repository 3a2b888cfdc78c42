/**
 * Where the locations of a litmus test live. Addresses are numbers of a reserved range, a page apart, so
 * that pointers can be stored, compared and followed; small offsets keep the low bits of a pointer zero.
 */
import { Memory, type Location, type Lock } from '../program/location.ts';

const FIRST_ADDRESS = 0x1000_0000;
const DISTANCE = 0x100;

export class Layout {
  readonly memory = new Memory();
  readonly #addresses = new Map<string, number>();
  /** Pointers by what they point to, other numbers as tests write them. */
  readonly #valueText = (value: number): string => {
    const name = this.nameAt(value);
    return name === undefined ? String(value) : `&${name}`;
  };

  /** The first to name a location gives it its initial value; ids of the memory are slots here. */
  location(name: string, initial: number): void {
    this.#place(this.memory.location(name, initial, this.#valueText));
  }

  lock(name: string): void {
    this.#place(this.memory.spinlock(name, null));
  }

  addressOf(name: string): number | undefined {
    return this.#addresses.get(name);
  }

  /** What lives at an address. Others than those given out are locations of their own, `[1]`. */
  at(address: number): Location | Lock {
    const slot = (address - FIRST_ADDRESS) / DISTANCE;
    if (Number.isInteger(slot) && slot >= 0 && slot < this.#addresses.size) return this.memory.at(slot);
    return this.memory.location(`[${address}]`, 0, this.#valueText);
  }

  /** The name that lives at an address, for final states. */
  nameAt(address: number): string | undefined {
    const slot = (address - FIRST_ADDRESS) / DISTANCE;
    return slot >= 0 && slot < this.#addresses.size && Number.isInteger(slot)
      ? this.memory.at(slot).name
      : undefined;
  }

  /** The address that the location of this number gets: for initial values that point ahead. */
  static addressOfSlot(slot: number): number {
    return FIRST_ADDRESS + slot * DISTANCE;
  }

  #place({ id, name }: Location | Lock): void {
    this.#addresses.set(name, Layout.addressOfSlot(id));
  }
}
