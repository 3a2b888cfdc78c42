import { Memory, type Location } from '../../program/location.ts';

/** Addresses start here and are this far apart, so that small numbers are none and arrays don't meet. */
const FIRST = 0x1000_0000;
const DISTANCE = 0x1_0000;

/** What a variable that is no array takes: the widest access there is. */
const WORD = 8;

interface Variable {
  readonly name: string;
  readonly address: number;
  readonly elementSize: number;
  /** Names of the locations: of an array `t[0]`, `t[1]`…, otherwise one. */
  readonly elements: readonly string[];
}

/** Where the variables of a test lie in memory. Contents come last, for they may be addresses. */
export class AddressSpace {
  readonly memory = new Memory();
  readonly #variables = new Map<string, Variable>();
  readonly #byNumber: Variable[] = [];
  readonly #contents = new Map<string, number>();

  has(name: string): boolean {
    return this.#variables.has(name);
  }

  /** A variable of one word. */
  declare(name: string): void {
    this.#add(name, WORD, [name]);
  }

  declareArray(name: string, elementSize: number, length: number): void {
    this.#add(
      name,
      elementSize,
      Array.from({ length }, (_, i) => `${name}[${i}]`),
    );
  }

  /** Sets the initial contents of a variable, or of the elements of an array. */
  initialise(name: string, values: readonly number[]): void {
    this.#variables.get(name)?.elements.forEach((element, i) => this.#contents.set(element, values[i]));
  }

  /** Creates the locations; no variable is declared after that. */
  freeze(): void {
    for (const { elements } of this.#byNumber)
      for (const name of elements) this.memory.location(name, this.#contents.get(name) ?? 0);
  }

  /**
   * The location at an address; outside all variables one of its own, `[1]`. Undefined in the middle of
   * another location: accesses of mixed size are not covered.
   */
  at(address: number): Location | undefined {
    const variable = this.#byNumber[Math.floor((address - FIRST) / DISTANCE)];
    const offset = (address - FIRST) % DISTANCE;
    if (variable === undefined || offset >= variable.elementSize * variable.elements.length)
      return this.memory.location(`[${address}]`, 0);
    const name = offset % variable.elementSize === 0 ? variable.elements[offset / variable.elementSize] : '';
    return name === '' ? undefined : (this.memory.find(name) as Location);
  }

  addressOf(name: string): number | undefined {
    return this.#variables.get(name)?.address;
  }

  /** The variable or element at an address, for final states that show pointers. */
  nameAt(address: number): string | undefined {
    const variable = this.#byNumber[Math.floor((address - FIRST) / DISTANCE)];
    if (variable === undefined) return undefined;
    // An array is the address of its first element.
    if (address === variable.address) return variable.name;
    return variable.elements[((address - FIRST) % DISTANCE) / variable.elementSize];
  }

  #add(name: string, elementSize: number, elements: readonly string[]): void {
    const variable = { name, address: FIRST + this.#byNumber.length * DISTANCE, elementSize, elements };
    this.#variables.set(name, variable);
    this.#byNumber.push(variable);
  }
}
