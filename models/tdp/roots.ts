/**
 * The list of TDP MMU roots and their reference counts (KVM-MMU.md A15, P28): who walks the list under mmu_lock held for
 * read, or drops the lock on the way, holds a reference to the root that it is at.
 */
import {
  branch,
  call,
  choice,
  cmpxchg,
  fail,
  fetchAdd,
  Mark,
  rcuReadLock,
  rcuReadUnlock,
  readOnce,
  readPlain,
  spinLock,
  spinUnlock,
  storeRelease,
  writeOnce,
  writePlain,
  type Location,
  type Lock,
  type Read,
  type Steps,
} from 'fencepost';
import { Kvm } from '../vm/kvm.ts';
import { RcuCallback } from '../vm/rcu-callback.ts';
import * as sites from '../sites/tdp-roots.ts';

/** Number of the root, from 1; 0 is the end of the list. */
export type RootId = number;

export class TdpRoots {
  readonly kvm: Kvm;
  /** `kvm->arch.tdp_mmu_pages_lock`, which writers of the list hold. */
  readonly pagesLock: Lock<null>;
  /** What becomes of a root when its last reference is put, before it is taken from the list. */
  readonly lastPut: (root: RootId) => Steps;
  readonly #counts: readonly number[];

  /** The roots 1, 2, … in the order of the list, with their reference counts. */
  constructor(
    counts: readonly number[],
    kvm = new Kvm({ vcpus: 0, guestPages: [], guestRoot: 0 }),
    lastPut: (root: RootId) => Steps = nothing,
  ) {
    this.kvm = kvm;
    this.pagesLock = kvm.memory.spinlock('kvm->arch.tdp_mmu_pages_lock', null);
    this.lastPut = lastPut;
    this.#counts = counts;
  }

  /** `root->link.next`; of 0, the first root. */
  next(root: RootId): Location {
    return this.#link(root, 'next', root < this.#counts.length ? root + 1 : 0);
  }

  /** `root->link.prev`; of 0, the last root. */
  previous(root: RootId): Location {
    const last = this.#counts.length;
    if (root === 0) return this.#link(root, 'prev', last);
    return this.#link(root, 'prev', root <= last ? root - 1 : 0);
  }

  #link(root: RootId, way: 'next' | 'prev', to: RootId): Location {
    const owner = root === 0 ? 'kvm->arch.tdp_mmu_roots' : `root${root}->link`;
    return this.kvm.memory.location(`${owner}.${way}`, to, (id) => (id === 0 ? 'head' : `root${id}`));
  }

  /** `root->tdp_mmu_root_count` */
  count(root: RootId): Location {
    return this.kvm.memory.location(`root${root}->tdp_mmu_root_count`, this.#counts[root - 1] ?? 0);
  }

  /** The root must still be there for whoever uses it by these reads. */
  *use(root: RootId, via: readonly Read[]): Steps {
    const gone = yield* readOnce(this.freed(root), { addr: via, text: `root${root} is still a root` });
    if ((yield* branch(gone)) !== 0) yield* fail('no-use-after-free', `uses root${root}, which was freed`);
  }

  callback(root: RootId): RcuCallback {
    return new RcuCallback(this.kvm.memory, `root${root}`, () => this.free(root));
  }

  free(root: RootId): Steps {
    return storeRelease(this.freed(root), 1, { text: `tdp_mmu_free_sp(root${root})` });
  }

  /** 1 once the memory of the root belongs to somebody else. */
  freed(root: RootId): Location {
    return this.kvm.memory.location(`root${root} in other hands`);
  }
}

function* nothing(): Steps {
  // What is left of the root goes with its memory.
}

/** A root that a walk is at: the holder has a reference. */
export interface Found {
  readonly root: RootId;
  readonly via: readonly Read[];
}

/** `tdp_mmu_next_root()`: the root after the previous one, or the first; undefined at the end. */
export function nextRoot(roots: TdpRoots, previous?: Found): Steps<Found | undefined> {
  return call('tdp_mmu_next_root', next(roots, previous));
}

function* next(roots: TdpRoots, previous: Found | undefined): Steps<Found | undefined> {
  const putsFirst = (yield* choice(sites.nextRootOrder)) === 'put previous, get next';
  if (previous !== undefined && putsFirst) yield* putRoot(roots, previous.root);
  yield* rcuReadLock();
  let at = yield* following(roots, previous);
  while (at !== undefined && !(yield* getRoot(roots, at))) at = yield* following(roots, at);
  yield* rcuReadUnlock();
  if (previous !== undefined && !putsFirst) yield* putRoot(roots, previous.root);
  return at;
}

/** `list_next_or_null_rcu()` */
export function* following(
  roots: TdpRoots,
  { root, via }: Found = { root: 0, via: [] },
): Steps<Found | undefined> {
  if (root !== 0) yield* roots.use(root, via);
  const link = roots.next(root);
  const read = yield* readOnce(link, { addr: via, text: `rcu_dereference(${link.name})` });
  return (yield* branch(read)) === 0 ? undefined : { root: read.value, via: [read] };
}

/** `kvm_tdp_mmu_get_root()`; false: it is about to go. */
export function* getRoot(roots: TdpRoots, { root, via }: Found): Steps<boolean> {
  yield* roots.use(root, via);
  const count = roots.count(root);
  if ((yield* choice(sites.getRoot)) === 'refcount_inc()') {
    yield* fetchAdd(count, 1, Mark.Once, { addr: via });
    return true;
  }
  return yield* incNotZero(count, via);
}

/** `refcount_inc_not_zero()` */
export function* incNotZero(count: Location, via: readonly Read[] = []): Steps<boolean> {
  const text = `refcount_inc_not_zero(${count.name})`;
  let old = yield* branch(yield* readOnce(count, { addr: via, text }));
  while (old !== 0) {
    const done = yield* cmpxchg(count, old, old + 1, Mark.Once, { addr: via, text });
    old = yield* branch(done);
    if (done.ok) return true;
  }
  return false;
}

/** `kvm_tdp_mmu_put_root()`: the last reference takes the root from the list. */
export function putRoot(roots: TdpRoots, root: RootId): Steps {
  return call('kvm_tdp_mmu_put_root', put(roots, root));
}

function* put(roots: TdpRoots, root: RootId): Steps {
  const before = yield* fetchAdd(roots.count(root), -1, Mark.Release, {
    text: `refcount_dec_and_test(root${root}->tdp_mmu_root_count)`,
  });
  if ((yield* branch(before)) !== 1) return;
  yield* roots.lastPut(root);
  const locks = (yield* choice(sites.rootListLock)) === 'tdp_mmu_pages_lock';
  if (locks) yield* spinLock(roots.pagesLock);
  yield* call('list_del_rcu', unlink(roots, root));
  if (locks) yield* spinUnlock(roots.pagesLock);
  if ((yield* choice(sites.rootFree)) === 'call_rcu()') yield* roots.callback(root).queue();
  else yield* roots.free(root);
}

/** `list_add_rcu()`, with tdp_mmu_pages_lock held: the root is the first from now on. */
export function* addRoot(roots: TdpRoots, root: RootId): Steps {
  const first = yield* readPlain(roots.next(0));
  yield* writePlain(roots.next(root), first.value, { data: [first] });
  yield* writePlain(roots.previous(root), 0);
  yield* storeRelease(roots.next(0), root, { text: `rcu_assign_pointer(${roots.next(0).name})` });
  yield* writePlain(roots.previous(first.value), root, { addr: [first] });
}

/** The neighbours are joined; the root's own link stays, for a walk that is at it. */
function* unlink(roots: TdpRoots, root: RootId): Steps {
  const next = yield* readPlain(roots.next(root));
  const previous = yield* readPlain(roots.previous(root));
  yield* writePlain(roots.previous(next.value), previous.value, { addr: [next], data: [previous] });
  yield* writeOnce(roots.next(previous.value), next.value, { addr: [previous], data: [next] });
}
