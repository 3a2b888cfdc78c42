/**
 * A vCPU that enters the guest, writes to one page and leaves (KVM-MMU.md A13; D1): the hardware reads the SPTE,
 * sets D by a locked update, and from then on writes through what it holds, whatever becomes of the SPTE.
 */
import { branch, call, cmpxchg, readOnce, writeOnce, type Location, type Read, type Steps } from 'fencepost';
import { isDirtySpte, isShadowPresentPte, isWritablePte, withDirty } from 'fencepost/mmu';
import { runGuest } from '../entry/guest-entry.ts';
import type { Vcpu } from '../vm/kvm.ts';

/** A page of guest memory with the leaf SPTE that maps it. */
export interface MappedPage {
  readonly sptep: Location;
  /** What stands in the page. */
  readonly data: Location;
}

/** What came of a run: a pending request kept it out, the SPTE did not let it write, or it wrote. */
export type GuestRun = 'request' | 'fault' | 'written' | 'written, D set';

/** Enters the guest and writes the values one after the other through one translation. */
export function guestWrite(vcpu: Vcpu, page: MappedPage, ...values: readonly number[]): Steps<GuestRun> {
  return call('vcpu_enter_guest', enterAndWrite(vcpu, page, values));
}

function* enterAndWrite(vcpu: Vcpu, page: MappedPage, values: readonly number[]): Steps<GuestRun> {
  let run: GuestRun = 'request';
  yield* runGuest(vcpu, function* () {
    run = yield* write(page, values);
  });
  return run;
}

function* write({ sptep, data }: MappedPage, values: readonly number[]): Steps<GuestRun> {
  const walk = yield* readOnce(sptep, { text: `walk ${sptep.name}` });
  const spte = yield* branch(walk);
  if (!isShadowPresentPte(spte) || !isWritablePte(spte)) return 'fault';
  const setsDirty = !isDirtySpte(spte);
  if (setsDirty && !(yield* setDirty(sptep, walk))) return 'fault';
  for (const value of values) yield* writeOnce(data, value, { addr: [walk], text: data.name });
  return setsDirty ? 'written, D set' : 'written';
}

/** The locked update of D; where the SPTE has changed the hardware walks again, which is a fault here. */
function* setDirty(sptep: Location, walk: Read): Steps<boolean> {
  const done = yield* cmpxchg(sptep, walk.value, withDirty(walk.value), undefined, {
    text: `lock or D, ${sptep.name}`,
  });
  yield* branch(done);
  return done.ok;
}
