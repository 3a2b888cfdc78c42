/**
 * The processor under a vCPU (KVM-MMU.md A13, D1, G2): it walks the shadow tables, one load per level, keeps
 * translations, fills them whenever the guest runs, and forgets them whenever it likes or is told to. KVM makes SPTEs with
 * A set, so that a walk has nothing to update; D is set by a locked update where a world logs by it (models/guest-write.ts).
 * What a paging-structure cache holds is a walk that has stopped half-way, and walks may begin at any time; for one that
 * outlives the guest run see models/paging-structure-cache.ts.
 */
import {
  branch,
  choose,
  fail,
  readOnce,
  storeRelease,
  type Location,
  type Memory,
  type Read,
  type Steps,
} from 'fencepost';
import { indexAt, isLeafSpte, isShadowPresentPte, spteChild, sptePfn } from 'fencepost/mmu';
import { kvmFlushTlbAll } from './flush-own-tlb.ts';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { sptePointer } from '../shadow/sptes.ts';

/** A translation that the hardware holds: the leaf SPTE, and all that the walk has read on the way, it included. */
export interface Held {
  readonly spte: Read;
  readonly path: readonly Read[];
}

/** The hardware's walk of the shadow tables; undefined: an entry is not present, and the guest exits. */
export function* hardwareWalk(
  kvm: Kvm,
  root: number,
  rootLevel: number,
  page: number,
): Steps<Held | undefined> {
  const path: Read[] = [];
  let id = root;
  for (let level = rootLevel; ; level--) {
    const { location } = sptePointer(kvm, id, indexAt(page, level, kvm.entries), level);
    const spte = yield* readOnce(location, { text: `walk ${location.name}`, addr: [...path] });
    yield* branch(spte);
    if (!isShadowPresentPte(spte.value)) return undefined;
    path.push(spte);
    if (isLeafSpte(spte.value, level)) return { spte, path };
    id = spteChild(spte.value);
  }
}

/** What one vCPU's processor holds of the tables below one root. A thread makes its own, empty. */
export class Hardware {
  readonly #vcpu: Vcpu;
  readonly #root: number;
  readonly #level: number;
  /** By guest page. */
  readonly #tlb = new Map<number, Held>();
  /** Accesses so far, and whether the frame was somebody else's then. */
  readonly #uses: { readonly pfn: number; readonly gone: Read }[] = [];

  constructor(vcpu: Vcpu, root: number, level: number) {
    this.#vcpu = vcpu;
    this.#root = root;
    this.#level = level;
  }

  /** What `kvm_x86_flush_tlb_all` does to it. */
  *flush(): Steps {
    yield* kvmFlushTlbAll();
    this.#tlb.clear();
  }

  /** Speculation: the translation may be fetched although nothing uses it. */
  *mayFill(page: number): Steps {
    if ((yield* choose('no fill', 'TLB fill')) === 1) yield* this.#walk(page);
  }

  /** A guest access: by a translation that is held, unless that has been dropped, or by a walk. True: it went through. */
  *access(page: number): Steps<boolean> {
    const held = this.#tlb.get(page);
    const isHit = held !== undefined && (yield* choose('TLB hit', 'TLB miss')) === 0;
    const used = isHit ? held : yield* this.#walk(page);
    if (used === undefined) return false;
    const pfn = sptePfn(used.spte.value);
    const access = { addr: used.path, text: `guest access to pfn${pfn}` };
    this.#uses.push({ pfn, gone: yield* readOnce(freed(this.#vcpu.kvm.memory, pfn), access) });
    return true;
  }

  /** Judges the accesses of the guest, when the thread is done: KVM itself does not go by what they found. */
  *judge(): Steps {
    for (const { pfn, gone } of this.#uses) {
      if ((yield* branch(gone)) !== 0)
        yield* fail('no-use-after-free', `the guest reaches pfn${pfn}, which belongs to somebody else`);
    }
  }

  *#walk(page: number): Steps<Held | undefined> {
    const held = yield* hardwareWalk(this.#vcpu.kvm, this.#root, this.#level, page);
    if (held !== undefined) this.#tlb.set(page, held);
    return held;
  }
}

/** 1 once a host page belongs to somebody else. */
function freed(memory: Memory, pfn: number): Location {
  return memory.location(`pfn${pfn} in other hands`);
}

/** The host gives the page away; the locks of its allocator order that behind what its owner did before. */
export function freeFrame(memory: Memory, pfn: number): Steps {
  return storeRelease(freed(memory, pfn), 1, { text: `free_page(pfn${pfn})` });
}
