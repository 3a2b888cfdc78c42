/**
 * A vCPU that runs its guest for a while under shadow paging (KVM-MMU.md A13, D1, G2): it enters with the
 * handshake of P02, the hardware walks the shadow tables, and the exit serialises. Between a walk and its use
 * the translation is a TLB entry: whatever becomes of the SPTEs meanwhile, the hardware goes by it.
 */
import {
  branch,
  call,
  fail,
  fence,
  Fence,
  readOnce,
  readPlain,
  smpWmb,
  storeRelease,
  writeOnce,
  writePlain,
  type Read,
  type Steps,
} from 'fencepost';
import { indexAt, isLastSpte, isShadowPresentPte, isWritablePte, spteChild, sptePfn } from 'fencepost/mmu';
import { EXITING_GUEST_MODE, IN_GUEST_MODE, OUTSIDE_GUEST_MODE, type Vcpu } from './kvm.ts';
import { sptePointer } from './sptes.ts';

/**
 * `vcpu_enter_guest()` around what the guest does. False: a request was pending, and the guest did not run;
 * serving it is no part of the worlds that use this.
 */
export function runGuest(vcpu: Vcpu, guest: () => Steps): Steps<boolean> {
  return call('vcpu_enter_guest', enterGuest(vcpu, guest));
}

function* enterGuest({ mode, requests }: Vcpu, guest: () => Steps): Steps<boolean> {
  yield* storeRelease(mode, IN_GUEST_MODE);
  yield* fence(Fence.Mb, 'smp_mb__after_srcu_read_unlock()');
  const now = yield* readPlain(mode);
  const pending = yield* readOnce(requests);
  yield* branch(now, pending);
  const runs = now.value !== EXITING_GUEST_MODE && pending.value === 0;
  if (runs) {
    yield* call('guest', guest());
    yield* fence(Fence.Mb, 'VM-exit');
  }
  yield* writePlain(mode, OUTSIDE_GUEST_MODE);
  yield* smpWmb();
  return runs;
}

/** A translation that the hardware holds: the leaf SPTE as the walk has read it. */
export interface Held {
  readonly spte: Read;
  readonly path: readonly Read[];
}

/** The hardware's walk of the shadow tables; undefined: an entry is not present, and the guest exits. */
export function* hardwareWalk(
  { kvm }: Vcpu,
  root: number,
  level: number,
  page: number,
): Steps<Held | undefined> {
  const path: Read[] = [];
  let id = root;
  for (let at = level; ; at--) {
    const { location } = sptePointer(kvm, id, indexAt(page, at, kvm.entries), at);
    const read = yield* readOnce(location, { text: `walk ${location.name}`, addr: [...path] });
    const spte = yield* branch(read);
    if (!isShadowPresentPte(spte)) return undefined;
    path.push(read);
    if (isLastSpte(at)) return { spte: read, path };
    id = spteChild(spte);
  }
}

/** The guest writes an entry of a table that it has mapped; false: the translation does not let it. */
export function* writeThrough(
  { kvm }: Vcpu,
  held: Held | undefined,
  index: number,
  gpte: number,
): Steps<boolean> {
  if (held === undefined || !isWritablePte(held.spte.value)) return false;
  const pte = kvm.guest.pte(sptePfn(held.spte.value), index);
  yield* writeOnce(pte, gpte, { addr: held.path, text: `*${pte.name}` });
  return true;
}

/**
 * The guest reads a page after an invalidation of its address: `guest-translation-fresh` forbids a frame
 * whose entry was overwritten before (KVM-MMU.md D5, R1).
 */
export function* readFresh(vcpu: Vcpu, root: number, level: number, page: number, stale: number): Steps {
  const held = yield* hardwareWalk(vcpu, root, level, page);
  if (held === undefined || sptePfn(held.spte.value) !== stale) return;
  const { guest } = vcpu.kvm;
  yield* fail('guest-translation-fresh', `the guest still reaches ${guest.nameOf(stale)} after its flush`);
}
