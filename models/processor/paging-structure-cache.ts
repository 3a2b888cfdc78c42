/**
 * The paging-structure cache of a vCPU's processor (KVM-MMU.md D1.2; SDM vol. 3A, 4.10.3): it keeps an upper SPTE, and a
 * later walk begins at the table that this entry leads to, whatever has become of the entry. Within one guest run a
 * walk that began long ago does the same (models/hardware.ts); what is cached lasts beyond the run.
 */
import { branch, choose, fail, readOnce, type Read, type Steps } from 'fencepost';
import { indexAt, isShadowPresentPte, PG_LEVEL_4K, spteChild } from 'fencepost/mmu';
import { kvmFlushTlbAll } from './flush-own-tlb.ts';
import type { Vcpu } from '../vm/kvm.ts';
import { tableGone } from '../shadow/lockless-walk.ts';
import { sptePointer } from '../shadow/sptes.ts';

export class PagingStructureCache {
  readonly #vcpu: Vcpu;
  readonly #root: number;
  readonly #page: number;
  #held: Read | undefined;
  /** Tables that walks have gone through, and whether their memory was somebody else's by then. */
  readonly #visits: { readonly table: number; readonly gone: Read }[] = [];

  /** Of the one entry of a root of two levels that translates the page. */
  constructor(vcpu: Vcpu, root: number, page: number) {
    this.#vcpu = vcpu;
    this.#root = root;
    this.#page = page;
  }

  /** What `kvm_x86_flush_tlb_all` does to it. */
  *flush(): Steps {
    yield* kvmFlushTlbAll();
    this.#held = undefined;
  }

  /** Speculation: the upper entry may be fetched although nothing uses it. */
  *mayFill(): Steps {
    if ((yield* choose('no fill', 'the upper entry is cached')) === 1) yield* this.#readUpper();
  }

  /** A guest access: a walk from the entry that is held, unless that has been dropped, or from the root. */
  *access(): Steps {
    const isHit = this.#held !== undefined && (yield* choose('hit', 'miss')) === 0;
    const upper = isHit ? this.#held : yield* this.#readUpper();
    if (upper === undefined) return;
    const table = spteChild(upper.value);
    const addr = [upper];
    const gone = yield* readOnce(tableGone(this.#vcpu.kvm, table), { addr, text: `walk into sp${table}` });
    this.#visits.push({ table, gone });
    const leaf = this.#location(table, PG_LEVEL_4K);
    yield* readOnce(leaf, { addr, text: `walk ${leaf.name}` });
  }

  /** Judges the walks of the guest, when the thread is done: KVM itself does not go by what they found. */
  *judge(): Steps {
    for (const { table, gone } of this.#visits) {
      if ((yield* branch(gone)) !== 0)
        yield* fail('no-use-after-free', `the processor walks sp${table}, which was freed`);
    }
  }

  *#readUpper(): Steps<Read | undefined> {
    const location = this.#location(this.#root, PG_LEVEL_4K + 1);
    const upper = yield* readOnce(location, { text: `walk ${location.name}` });
    this.#held = isShadowPresentPte(yield* branch(upper)) ? upper : undefined;
    return this.#held;
  }

  #location(table: number, level: number) {
    const { kvm } = this.#vcpu;
    return sptePointer(kvm, table, indexAt(this.#page, level, kvm.entries), level).location;
  }
}
