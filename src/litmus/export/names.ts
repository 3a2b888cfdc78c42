import type { Program } from '../../program/program.ts';

/** Names that a variable of a litmus test cannot have. */
const TAKEN =
  /^(r\d+|P\d+|cut|int|if|else|exists|forall|filter|locations|not|true|false|spinlock_t|barrier|smp_.*|spin_.*|atomic_.*|rcu_.*|srcu_.*)$/;

/** An identifier for each location and lock of a program, by number: `kvm->arch.count` is `count`. */
export class Names {
  readonly #names = new Map<number, string>();
  readonly #states = new Map<number, string>();
  readonly #taken = new Set<string>();
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  of(loc: number): string {
    let name = this.#names.get(loc);
    if (name === undefined) {
      name = this.#fresh(this.#program.memory.at(loc).name);
      this.#names.set(loc, name);
    }
    return name;
  }

  /** The plain location that stands for what a lock guards. */
  ofState(lock: number): string {
    let name = this.#states.get(lock);
    if (name === undefined) {
      name = `${this.of(lock)}_state`;
      while (this.#isTaken(name)) name = `${name}_`;
      this.#take(name);
      this.#states.set(lock, name);
    }
    return name;
  }

  /** Lines that say what each name stands for, where it is not the same. */
  legend(): string[] {
    const states = [...this.#states].map(
      ([lock, name]) => `(* ${name}: which state ${this.of(lock)} guards *)`,
    );
    const places = [...this.#names].flatMap(([loc, name]) => {
      const { name: full } = this.#program.memory.at(loc);
      // Neither end of a comment may stand in it.
      return full === name ? [] : [`(* ${name}: ${full.replaceAll('(*', '( *').replaceAll('*)', '* )')} *)`];
    });
    return [...places, ...states];
  }

  #fresh(full: string): string {
    const words = full.split(/[^A-Za-z0-9_]+/).filter((word) => word !== '');
    for (let count = 1; count <= words.length; count++) {
      const name = words.slice(-count).join('_');
      if (/^[A-Za-z_]/.test(name) && !this.#isTaken(name)) return this.#take(name);
    }
    for (let number = 0; ; number++) {
      const name = `v${number}`;
      if (!this.#isTaken(name)) return this.#take(name);
    }
  }

  #isTaken(name: string): boolean {
    return TAKEN.test(name) || this.#taken.has(name);
  }

  #take(name: string): string {
    this.#taken.add(name);
    return name;
  }
}
