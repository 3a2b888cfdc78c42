/**
 * A guest under the TDP MMU (KVM-MMU.md D1, P25, P26): the processor reads the tables entry by entry, keeps what it has
 * read, and goes on with it whatever becomes of the entries, until it leaves the guest. Nothing that the vCPU does next
 * depends on what the processor has found; it is judged after the exit.
 */
import { branch, fail, readOnce, type Read, type Steps } from 'fencepost';
import { isLargePte, isShadowPresentPte, spteChild, sptePfn } from 'fencepost/mmu';
import { runGuest, serveRequests } from '../entry/guest-entry.ts';
import { KVM_REQ_TLB_FLUSH } from '../vm/kvm.ts';
import { ROOT, type TdpTables, type Visit } from '../tdp/tables.ts';

/** The first vCPU enters the guest, unless a request keeps it out, and the processor fetches a translation. */
export function* guestWalks(tables: TdpTables): Steps {
  const visits: Visit[] = [];
  yield* runGuest(tables.kvm.vcpus[0], function* () {
    yield* walk(tables, visits);
  });
  yield* tables.judge(visits);
}

/** The same below any entry of the root; then the guest reaches the page by the translation, which must still be the VM's. */
export function* guestReaches(tables: TdpTables, index = 0): Steps {
  let used: { readonly pfn: number; readonly gone: Read } | undefined;
  yield* runGuest(tables.kvm.vcpus[0], function* () {
    const found = yield* walk(tables, [], index);
    if (found === undefined || !isShadowPresentPte(yield* branch(found.spte))) return;
    const pfn = sptePfn(found.spte.value);
    const access = { addr: [found.spte], text: `guest access to pfn${pfn}` };
    used = { pfn, gone: yield* readOnce(tables.pageGone(pfn), access) };
  });
  if (used !== undefined && (yield* branch(used.gone)) !== 0)
    yield* fail('no-use-after-free', `the guest reaches pfn${used.pfn}, which belongs to somebody else`);
}

/** The same after a look at the requests, so that a flush that is over does not keep the guest out. */
export function* guestReachesLater(tables: TdpTables, index: number): Steps {
  yield* serveRequests(tables.kvm.vcpus[0], { [KVM_REQ_TLB_FLUSH]: dropNothing });
  yield* guestReaches(tables, index);
}

/** The TLB of a vCPU that has not run yet is empty. */
function* dropNothing(): Steps {
  /* nothing to do */
}

/** The same as guestWalks(); the SPTE must not map another page while the processor holds what it has fetched. */
export function* guestHolds(tables: TdpTables): Steps {
  let held: Read | undefined;
  let now: Read | undefined;
  yield* runGuest(tables.kvm.vcpus[0], function* () {
    const visits: Visit[] = [];
    const found = yield* walk(tables, visits);
    if (found === undefined) return;
    held = found.spte;
    now = (yield* tables.visit(found.table, 0)).spte;
  });
  if (held === undefined || now === undefined) return;
  const [kept, spte] = [yield* branch(held), yield* branch(now)];
  if (!isShadowPresentPte(kept) || !isShadowPresentPte(spte) || sptePfn(spte) === sptePfn(kept)) return;
  yield* fail(
    'no-lost-flush',
    `the SPTE maps pfn${sptePfn(spte)}, and a TLB still translates to pfn${sptePfn(kept)}`,
  );
}

/** The walk for the page in entry 0 of the table below an entry of the root: the last SPTE. */
function* walk(
  tables: TdpTables,
  visits: Visit[],
  index = 0,
): Steps<(Visit & { readonly spte: Read }) | undefined> {
  const upper = yield* tables.visit(ROOT, index);
  const spte = yield* branch(upper.spte);
  if (!isShadowPresentPte(spte)) return undefined;
  if (isLargePte(spte)) return upper;
  const leaf = yield* tables.visit(spteChild(spte), 0, [upper.spte]);
  visits.push(leaf);
  return leaf;
}
