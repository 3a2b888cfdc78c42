/** A TLB whose entries carry the root that they were made under, as an EPTP tags them (KVM-MMU.md D4, C37). */
import { call, choose, fail, type Steps } from 'fencepost';
import { kvmFlushTlbCurrent } from './flush-own-tlb.ts';
import type { Vcpu } from '../vm/kvm.ts';
import { archOf } from '../vm/vcpu.ts';

/** What one vCPU's processor still holds of translations that are no longer to be used. A thread makes its own. */
export class TaggedTlb {
  readonly #vcpu: Vcpu;
  readonly #stale: Set<number>;

  /** `stale`: the roots that the entries are tagged with. */
  constructor(vcpu: Vcpu, stale: readonly number[]) {
    this.#vcpu = vcpu;
    this.#stale = new Set(stale);
  }

  /** `kvm_x86_flush_tlb_current()`: entries with the tag that the hardware has now. */
  *flushCurrent(): Steps {
    yield* kvmFlushTlbCurrent();
    const { hardwareRoot } = yield* archOf(this.#vcpu);
    this.#stale.delete(hardwareRoot);
  }

  /** A guest access, by what is held or by a walk. */
  access(): Steps {
    return call('guest access', this.#access());
  }

  *#access(): Steps {
    const { hardwareRoot } = yield* archOf(this.#vcpu);
    if (!this.#stale.has(hardwareRoot) || (yield* choose('TLB hit', 'TLB miss')) === 1) return;
    yield* fail('no-stale-translation', `the guest uses an entry of sp${hardwareRoot} from before the flush`);
  }
}
