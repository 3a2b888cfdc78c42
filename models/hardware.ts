/**
 * The processor under a vCPU (KVM-MMU.md A13, D1, G2): it walks the shadow tables, one load per level, keeps
 * translations, fills them whenever the guest runs, and forgets them whenever it likes or is told to.
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
import { indexAt, isLastSpte, isShadowPresentPte, spteChild, sptePfn } from 'fencepost/mmu';
import { kvmFlushTlbAll } from './flush-own-tlb.ts';
import type { Vcpu } from './kvm.ts';
import { sptePointer } from './sptes.ts';

/** What one vCPU's processor holds of the tables below one root. A thread makes its own, empty. */
export class Hardware {
  readonly #vcpu: Vcpu;
  readonly #root: number;
  readonly #level: number;
  /** By guest page: the SPTEs that the walk has read, the leaf last. */
  readonly #tlb = new Map<number, readonly Read[]>();
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
    const path = isHit ? held : yield* this.#walk(page);
    const leaf = path?.at(-1);
    if (leaf === undefined) return false;
    const pfn = sptePfn(leaf.value);
    const text = `guest access to pfn${pfn}`;
    this.#uses.push({ pfn, gone: yield* readOnce(freed(this.#vcpu.kvm.memory, pfn), { addr: path, text }) });
    return true;
  }

  /** Judges the accesses of the guest, when the thread is done: KVM itself does not go by what they found. */
  *judge(): Steps {
    for (const { pfn, gone } of this.#uses) {
      if ((yield* branch(gone)) !== 0)
        yield* fail('no-use-after-free', `the guest reaches pfn${pfn}, which belongs to somebody else`);
    }
  }

  *#walk(page: number): Steps<readonly Read[] | undefined> {
    const { kvm } = this.#vcpu;
    const path: Read[] = [];
    let id = this.#root;
    for (let level = this.#level; ; level--) {
      const { location } = sptePointer(kvm, id, indexAt(page, level, kvm.entries), level);
      const read = yield* readOnce(location, { text: `walk ${location.name}`, addr: [...path] });
      const spte = yield* branch(read);
      if (!isShadowPresentPte(spte)) return undefined;
      path.push(read);
      if (isLastSpte(level)) break;
      id = spteChild(spte);
    }
    this.#tlb.set(page, path);
    return path;
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
