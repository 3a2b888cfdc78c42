/** `call_rcu()`: the callback runs in a thread of its own, after a grace period (KVM-MMU.md A18, P26). */
import {
  branch,
  call,
  loadAcquire,
  storeRelease,
  synchronizeRcu,
  type Location,
  type Memory,
  type Steps,
} from 'fencepost';

/** One `struct rcu_head`: where the thread that queues it and the thread that runs it meet. */
export class RcuCallback {
  /** 1 once the callback has been queued. */
  readonly queued: Location;
  readonly #callback: () => Steps;

  /** `callback` is what frees the object. */
  constructor(memory: Memory, object: string, callback: () => Steps) {
    this.queued = memory.location(`${object}->rcu_head`, 0, (queued) => (queued === 0 ? 'idle' : 'queued'));
    this.#callback = callback;
  }

  /** `call_rcu()` */
  queue(): Steps {
    return storeRelease(this.queued, 1, { text: 'call_rcu()' });
  }

  /** The thread that runs callbacks: it looks once, at any time, for what has been queued by then. */
  *run(): Steps {
    const queued = yield* loadAcquire(this.queued, { text: 'rcu_do_batch()' });
    if ((yield* branch(queued)) === 0) return;
    yield* synchronizeRcu();
    yield* call('tdp_mmu_free_sp_rcu_callback', this.#callback());
  }
}
