/**
 * Guest page tables as memory. Guest PTEs are accessed by the hardware, or by KVM through single
 * user-access instructions, so each access counts as ONCE in both readings of LKMM; a user cmpxchg is a
 * full one (DESIGN.md 4.6).
 */
import {
  cmpxchg,
  readOnce,
  writeOnce,
  type Depends,
  type Location,
  type Memory,
  type Read,
  type Rmw,
  type Steps,
} from 'fencepost';
import { showEptEntry, showGuestPte } from 'fencepost/mmu';

/** A guest page that has a name; a table also has entries, by index. */
export interface GuestPage {
  readonly gfn: number;
  readonly name: string;
  readonly entries?: Readonly<Record<number, number>>;
  /** A table of L1's EPT for L2. */
  readonly ept?: true;
}

export class GuestMemory {
  readonly #memory: Memory;
  readonly #pages: readonly GuestPage[];
  /** By frame and index: asking for a name costs more than the access. */
  readonly #ptes: Location[][] = [];

  constructor(memory: Memory, pages: readonly GuestPage[]) {
    this.#memory = memory;
    this.#pages = pages;
  }

  nameOf(gfn: number): string {
    return this.#pages.find((page) => page.gfn === gfn)?.name ?? `gfn${gfn}`;
  }

  /** An entry of the table in a frame; what no table of the world holds is 0. */
  pte(gfn: number, index: number): Location {
    const entries = (this.#ptes[gfn] ??= []);
    return (entries[index] ??= this.#newPte(gfn, index));
  }

  #newPte(gfn: number, index: number): Location {
    const page = this.#pages.find((known) => known.gfn === gfn);
    const name = `${this.nameOf(gfn)}[${index}]`;
    return this.#memory.location(name, page?.entries?.[index] ?? 0, (gpte) => this.show(gfn, gpte));
  }

  /** An entry of the table in a frame, as it reads. */
  show(gfn: number, gpte: number): string {
    const nameOf = (frame: number): string => this.nameOf(frame);
    return this.isEpt(gfn) ? showEptEntry(gpte, nameOf) : showGuestPte(gpte, nameOf);
  }

  isEpt(gfn: number): boolean {
    return this.#pages.find((page) => page.gfn === gfn)?.ept === true;
  }
}

/** `__get_user()`, and `kvm_vcpu_read_guest_atomic()` of one entry. */
export function getUser(pte: Location, into: string, depends?: Depends): Steps<Read> {
  return readOnce(pte, { text: `${into} = ${pte.name}`, ...depends });
}

/** `__copy_to_user()` of one aligned entry. */
export function copyToUser(pte: Location, value: number): Steps {
  return writeOnce(pte, value, { text: pte.name });
}

/** `emulator_try_cmpxchg_user()`: `lock cmpxchg` on the user mapping of the guest page. */
export function tryCmpxchgUser(pte: Location, expected: number, value: number): Steps<Rmw> {
  return cmpxchg(pte, expected, value, undefined, { text: `lock cmpxchg(${pte.name})` });
}
