/** Tables of the TDP MMU, every entry a location (KVM-MMU.md A15): those of a VM, or a root over leaf tables. */
import {
  branch,
  choice,
  fail,
  readOnce,
  storeRelease,
  writeOnce,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import { indexAt, PG_LEVEL_4K, showTdpSpte, type TdpLayout } from 'fencepost/mmu';
import { Kvm } from '../vm/kvm.ts';
import { NxTracking } from './nx-tracking.ts';
import { RcuCallback } from '../vm/rcu-callback.ts';
import { iterIndex, pfnDirty } from '../sites/tdp-mmu.ts';

/** Number and level of the root of two levels; all other tables stand right below it. */
export const ROOT = 0;
export const ROOT_LEVEL = PG_LEVEL_4K + 1;

/** The first entry of a table stands for all. */
const TWO_LEVELS: TdpLayout = {
  entries: 1,
  level: (table) => (table === ROOT ? ROOT_LEVEL : PG_LEVEL_4K),
  childAt: () => undefined,
};

/** An SPTE that was read, and the reads of the entries above it. */
export interface SpteAt {
  readonly table: number;
  readonly index: number;
  readonly old: Read;
  readonly via: readonly Read[];
}

/** A table that was read, and, if it may be freed, whether it was somebody else's memory by then. */
export interface Visit {
  readonly table: number;
  readonly gone: Read | undefined;
}

export interface TdpStart {
  /** The SPTEs by table and entry; the others are 0. */
  readonly sptes: Readonly<Record<number, readonly number[]>>;
  /** Tables that may be freed: whoever reads them makes sure that they are still there. */
  readonly mayGo?: readonly number[];
  readonly vcpus?: number;
  /** `kvm->stat.pages_*`: how many leaf SPTEs there are. */
  readonly pagesMapped?: number;
  /** A host page about which somebody asks if it is dirty. */
  readonly askedDirty?: number;
  /** A table that keeps a huge page away, and whether KVM has it in its list already. */
  readonly nx?: { readonly table: number; readonly isTracked: boolean };
}

export class TdpTables {
  readonly kvm: Kvm;
  /** Undefined where no table keeps a huge page away. */
  readonly nx: NxTracking | undefined;
  readonly layout: TdpLayout;
  readonly #start: TdpStart;
  readonly #sptes: Location[][] = [];
  readonly #roles: Location[] = [];

  constructor(
    start: TdpStart,
    kvm = new Kvm({ vcpus: start.vcpus ?? 1, guestPages: [], guestRoot: 0 }),
    layout = TWO_LEVELS,
  ) {
    this.kvm = kvm;
    this.layout = layout;
    this.#start = start;
    const { nx } = start;
    this.nx = nx && new NxTracking(kvm.memory, nx.table, nx.isTracked);
  }

  level(table: number): number {
    return this.layout.level(table);
  }

  /** `sp->spt[index]` */
  spte(table: number, index: number): Location {
    const entries = (this.#sptes[table] ??= []);
    return (entries[index] ??= this.#spteAt(table, index));
  }

  #spteAt(table: number, index: number): Location {
    const level = this.level(table);
    const initial = this.#start.sptes[table]?.[index] ?? 0;
    return this.kvm.memory.location(`sp${table}->spt[${index}]`, initial, (spte) => showTdpSpte(spte, level));
  }

  /** `sp->role.word` of a VM's table; 0: there is none. */
  role(table: number): Location {
    return (this.#roles[table] ??= this.kvm.memory.location(`sp${table}->role.word`));
  }

  /** The entry of a table on the way to a frame, read. */
  *entryFor(gfn: number, table: number, via: readonly Read[] = []): Steps<SpteAt> {
    const index = yield* this.#indexOf(gfn, table);
    return { table, index, old: yield* this.read(table, index, via), via };
  }

  /** Where one entry stands for all there is nothing to choose. */
  *#indexOf(gfn: number, table: number): Steps<number> {
    const { entries } = this.layout;
    if (entries === 1) return 0;
    const isRight = (yield* choice(iterIndex)) === 'of the table';
    return indexAt(gfn, this.level(table) + (isRight ? 0 : 1), entries);
  }

  /** Reads an entry of a table that the reads have led to; a violation if the table has been freed. */
  *read(table: number, index: number, via: readonly Read[] = []): Steps<Read> {
    const visit = yield* this.visit(table, index, via);
    yield* this.judge([visit]);
    return visit.spte;
  }

  /** The same, for those who do not stop at once when the table is gone: see {@link judge}. */
  *visit(table: number, index: number, via: readonly Read[] = []): Steps<Visit & { readonly spte: Read }> {
    const sptep = this.spte(table, index);
    const spte = yield* readOnce(sptep, { addr: via, text: `READ_ONCE(${sptep.name})` });
    return { ...(yield* this.#look(table, via)), spte };
  }

  /** Something else of the table is read. */
  *use(table: number): Steps {
    yield* this.judge([yield* this.#look(table, [])]);
  }

  *#look(table: number, via: readonly Read[]): Steps<Visit> {
    if (this.#start.mayGo?.includes(table) !== true) return { table, gone: undefined };
    const text = `sp${table} is still a table`;
    return { table, gone: yield* readOnce(this.freed(table), { addr: via, text }) };
  }

  *judge(visits: readonly Visit[]): Steps {
    for (const { table, gone } of visits) {
      if (gone !== undefined && (yield* branch(gone)) !== 0)
        yield* fail('no-use-after-free', `reads sp${table}, which was freed`);
    }
  }

  /** `tdp_mmu_free_sp()` */
  free(table: number): Steps {
    return storeRelease(this.freed(table), 1, { text: `tdp_mmu_free_sp(sp${table})` });
  }

  /** `kvm->stat.pages_*` */
  get pagesMapped(): Location {
    return this.kvm.memory.location('kvm->stat.pages', this.#start.pagesMapped ?? 0);
  }

  /** `PageDirty()` of the host page: without it the page is dropped and not written to swap. */
  pageDirty(pfn: number): Location {
    return this.kvm.memory.location(`PageDirty(pfn${pfn})`);
  }

  /** `kvm_set_pfn_dirty()`, for a dirty SPTE that goes. */
  *setPageDirty(pfn: number): Steps {
    if (this.#start.askedDirty === pfn && (yield* choice(pfnDirty)) === 'when the SPTE goes')
      yield* writeOnce(this.pageDirty(pfn), 1, { text: `kvm_set_pfn_dirty(pfn${pfn})` });
  }

  /** The `rcu_head` of a table. */
  callback(table: number): RcuCallback {
    return new RcuCallback(this.kvm.memory, `sp${table}`, () => this.free(table));
  }

  /** 1 once the host page belongs to somebody else. */
  pageGone(pfn: number): Location {
    return this.kvm.memory.location(`pfn${pfn} in other hands`);
  }

  /** The host gives the page away; the locks of its allocator order that behind what its owner did before. */
  freePage(pfn: number): Steps {
    return storeRelease(this.pageGone(pfn), 1, { text: `free_page(pfn${pfn})` });
  }

  /** 1 once the memory of the table belongs to somebody else. */
  freed(table: number): Location {
    return this.kvm.memory.location(`sp${table} in other hands`);
  }
}
