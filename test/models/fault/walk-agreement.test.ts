/**
 * KVM's walk of a guest's tables against the processor's, exhaustively on tables of two entries: the same frame, the same A
 * and D flags, or the same error code. Below an entry that is not present nothing is read, so one path stands for all the
 * tables that differ only there. A and D are clear in every entry.
 */
import { describe, expect, it } from 'vitest';
import { noConcrete, runConcrete, wordAt, type Concrete, type Proposal } from 'fencepost';
import {
  accessPage,
  ACCESSES,
  encodePagingEntry,
  pagesPerEntry,
  type Access,
  type PagingGeometry,
  type PagingMode,
  type Registers,
} from 'fencepost/x86';
import { walkAddr, type GuestTables } from '../../../models/fault/guest-walk.ts';
import { guestTables } from '../../../models/roots/init-mmu.ts';
import { Kvm } from '../../../models/vm/kvm.ts';
import { pagingGeometry } from '../../../models/vm/paging-geometry.ts';
import { repaired } from '../../../models/proposals/roles.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { X86_SHADOW_HOST } from '../../../models/sequential/worlds/paging-modes.ts';
import { emulatedAccess } from '../../../models/sequential/operations/fault-access.ts';
import { vcpuArch } from '../../../models/vm/vcpu.ts';
import { KEY, registerStates } from '../../mmu/x86/flags.ts';

const ROOT = 1;
/** Aligned for large pages in every mode. */
const FRAME = 64;

type Rights = { readonly writable: boolean; readonly user: boolean; readonly nx: boolean };

/** Entries of 32-bit paging have no XD. */
function everyRights(mode: PagingMode): readonly Rights[] {
  const states = mode === '2-level' ? 4 : 8;
  return Array.from({ length: states }, (_, bits) => ({
    writable: (bits & 1) !== 0,
    user: (bits & 2) !== 0,
    nx: (bits & 4) !== 0,
  }));
}

const ALL: Rights = { writable: true, user: true, nx: false };
const ONE_LESS: readonly Rights[] = [
  ALL,
  { ...ALL, writable: false },
  { ...ALL, user: false },
  { ...ALL, nx: true },
];

/** Every path of so many entries with these rights, all present but perhaps the last. */
function* paths(
  length: number,
  rights: readonly Rights[],
  prefix: readonly (Rights | undefined)[] = [],
): Generator<readonly (Rights | undefined)[]> {
  if (prefix.length === length) {
    yield prefix;
    return;
  }
  yield [...prefix, undefined];
  for (const each of rights) yield* paths(length, rights, [...prefix, each]);
}

interface Case {
  readonly mode: PagingMode;
  /** Level of the entry that maps the page. */
  readonly leaf: number;
  readonly rights: readonly Rights[];
}

/** Walks every path under every state of the registers for every access; gives how many walks that were. */
function compareAll({ mode, leaf, rights }: Case, proposal = repaired): number {
  let compared = 0;
  for (const { registers: state } of registerStates(mode)) {
    const isPae = mode === 'pae';
    const cr3 = ROOT << 12;
    const registers = { ...state, cr3, pdptes: isPae ? [0, 0, 0, (ROOT << 12) | 1] : [] };
    const guest = new Guest(registers, proposal);
    const levels = guest.geometry[mode].length - (isPae ? 1 : 0);
    const all = [...paths(levels - leaf + 1, rights)];
    for (const path of all) {
      const words = path.map((entry, at) => wordOf(entry, levels - at, leaf, at));
      for (const access of ACCESSES) {
        const [byKvm, byProcessor] = guest.walks(words, mode, access);
        if (byKvm !== byProcessor) expect({ state, words, access, byKvm }).toEqual({ byProcessor });
        compared += 1;
      }
    }
  }
  return compared;
}

function wordOf(entry: Rights | undefined, level: number, leaf: number, at: number): number {
  if (entry === undefined) return 0;
  const isLeaf = level === leaf;
  return encodePagingEntry({
    ...entry,
    frame: isLeaf ? FRAME : ROOT + at + 1,
    accessed: false,
    dirty: false,
    large: isLeaf && leaf > 1,
    key: isLeaf ? KEY : 0,
  });
}

/** One state of the registers, and tables that hold a path at the last entry of each. */
class Guest {
  readonly geometry: PagingGeometry;
  readonly #kvm: Kvm;
  readonly #registers: Registers;
  readonly #tables: GuestTables;

  constructor(registers: Registers, proposal: Proposal) {
    const start = { vcpus: 1, guestPages: [], guestRoot: ROOT, entries: 2, host: X86_SHADOW_HOST };
    this.#kvm = new Kvm({ ...start, arch: vcpuArch(X86_SHADOW_HOST, registers) });
    this.geometry = pagingGeometry(this.#kvm);
    this.#registers = registers;
    const ending = runConcrete(guestTables(this.#kvm.vcpus[0]), noConcrete(), { proposal });
    if (ending.status !== 'end') throw new Error(ending.status);
    this.#tables = ending.value;
  }

  /** What KVM and the processor make of an access to the last page: a frame and the words left, or an error code. */
  walks(words: readonly number[], mode: PagingMode, access: Access): readonly [string, string] {
    const bits = this.geometry[mode];
    const index = 2 ** bits[0] - 1;
    const page = pagesPerEntry(bits, bits.length + 1) - 1;
    return [this.#byKvm(words, index, page, access), this.#byProcessor(words, index, page, access)];
  }

  #byKvm(words: readonly number[], index: number, page: number, access: Access): string {
    const [vcpu] = this.#kvm.vcpus;
    const state: Concrete = noConcrete();
    const ptes = words.map((_, at) => this.#kvm.guest.pte(ROOT + at, index));
    ptes.forEach((pte, at) => state.words.set(pte, words[at]));
    const fault = { page, access: emulatedAccess(access), tables: this.#tables };
    const ending = runConcrete(walkAddr(vcpu, fault), state, { proposal: repaired });
    if (ending.status !== 'end') return ending.status;
    const walk = ending.value;
    if ('errorCode' in walk) return `fault ${walk.errorCode}`;
    return `${walk.gfn}: ${ptes.map((pte) => wordAt(state, pte)).join()}`;
  }

  #byProcessor(words: readonly number[], index: number, page: number, access: Access): string {
    const read = (frame: number, at: number): number => (at === index ? (words[frame - ROOT] ?? 0) : 0);
    const result = accessPage(this.#registers, this.geometry, page, access, read);
    if (result.kind === 'fault') return `fault ${result.errorCode}`;
    const left = [...words];
    for (const { table, to } of result.updates) left[table - ROOT] = to;
    return `${result.frame}: ${left.join()}`;
  }
}

const STATES = 160;
const EACH = STATES * ACCESSES.length;

describe("KVM's walk finds what the processor finds", () => {
  it.each([
    // Of so many levels with 4 states of rights, 1 + 4 * (1 + 4 * ...) paths; with 8 where entries have XD too.
    { mode: '2-level', leaf: 1, rights: everyRights('2-level'), walks: 21 * EACH },
    { mode: '2-level', leaf: 2, rights: everyRights('2-level'), walks: 5 * EACH },
    { mode: 'pae', leaf: 1, rights: everyRights('pae'), walks: 73 * EACH },
    { mode: 'pae', leaf: 2, rights: everyRights('pae'), walks: 9 * EACH },
    { mode: '4-level', leaf: 1, rights: ONE_LESS, walks: 341 * EACH },
    { mode: '4-level', leaf: 2, rights: everyRights('4-level'), walks: 585 * EACH },
    { mode: '5-level', leaf: 1, rights: ONE_LESS.slice(0, 2), walks: 63 * EACH },
  ] as const)('$mode paging, page at level $leaf: $walks walks', ({ walks, ...rest }) => {
    expect(compareAll(rest)).toBe(walks);
  });

  it('but for the error code of a fetch in 32-bit paging, unless that is repaired', () => {
    const fetches = { mode: '2-level', leaf: 1, rights: [ALL] } as const;
    expect(() => compareAll(fetches, versions['v7.1'])).toThrow();
    expect(compareAll({ ...fetches, mode: 'pae' }, versions['v7.1'])).toBe(3 * EACH);
  });
});
