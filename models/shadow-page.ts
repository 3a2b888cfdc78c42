/** Finding and making shadow pages, under mmu_lock held for write (KVM-MMU.md A3, A5, A6). */
import {
  add,
  branch,
  call,
  choice,
  fenceAt,
  guarded,
  Mark,
  readPlain,
  update,
  writeOnce,
  type Steps,
} from 'fencepost';
import {
  addPage,
  hasGptes,
  PG_LEVEL_4K,
  pagesOfFrame,
  sameRole,
  type ShadowPage,
  type ShadowPageRole,
} from 'fencepost/mmu';
import type { Kvm } from './kvm.ts';
import * as sites from './sites/index.ts';
import { kvmFlushRemoteTlbs } from './tlb-flush.ts';
import { kvmMmuSlotGfnWriteProtect } from './write-protect.ts';

const COUNT = 'indirect_shadow_pages';

/**
 * `kvm_mmu_get_shadow_page()`: the page that shadows the frame in the role, made if there is none. Leaf
 * tables are never unsync in this slice, so a page that is found needs no sync.
 */
export function* kvmMmuGetShadowPage(kvm: Kvm, gfn: number, role: ShadowPageRole): Steps<number> {
  const found = yield* call('kvm_mmu_find_shadow_page', findShadowPage(kvm, gfn, role));
  return found ?? (yield* call('kvm_mmu_alloc_shadow_page', allocShadowPage(kvm, gfn, role)));
}

function* findShadowPage(kvm: Kvm, gfn: number, role: ShadowPageRole): Steps<number | undefined> {
  for (const page of yield* validPages(kvm, gfn)) if (sameRole(page.role, role)) return page.id;
  return undefined;
}

/** `for_each_valid_sp()`: the pages of the hash bucket that shadow the frame and are not obsolete. */
export function* validPages(kvm: Kvm, gfn: number): Steps<readonly ShadowPage[]> {
  const valid: ShadowPage[] = [];
  for (const page of pagesOfFrame(yield* guarded(kvm.mmuLock), gfn)) {
    const invalid = yield* readPlain(kvm.roleInvalid(page.id));
    if ((yield* branch(invalid)) === 0) valid.push(page);
  }
  return valid;
}

/** `for_each_gfn_valid_sp_with_gptes()` */
export function* validPagesWithGptes(kvm: Kvm, gfn: number): Steps<readonly ShadowPage[]> {
  return (yield* validPages(kvm, gfn)).filter(hasGptes);
}

/** Into the hash first, accounted after. */
function* allocShadowPage(kvm: Kvm, gfn: number, role: ShadowPageRole): Steps<number> {
  const id = (yield* guarded(kvm.mmuLock)).nextPage;
  yield* update(kvm.mmuLock, (state) => {
    addPage(state, gfn, role);
  });
  if (hasGptes({ role })) yield* call('account_shadowed', accountShadowed(kvm, gfn, role.level));
  return id;
}

/**
 * `account_shadowed()`: the count goes up, then the guest's table is write-tracked and write-protected,
 * with a remote flush if that took a right away. P01 hangs on the fence right after the increment.
 * `disallow_lpage` is left out: nothing in the slice reads it.
 */
function* accountShadowed(kvm: Kvm, gfn: number, level: number): Steps {
  yield* fenceAt(sites.accountShadowedBeforeIncrement);
  yield* changeCount(kvm, 1, yield* choice(sites.accountShadowedIncrement));
  yield* fenceAt(sites.accountShadowedAfterIncrement);
  // Leaf tables may become unsync, so only upper levels are write-tracked.
  if (level > PG_LEVEL_4K) {
    const track = kvm.gfnWriteTrack(gfn);
    yield* add(track, 1, Mark.Plain, { text: `${track.name}++` });
  }
  if ((yield* choice(sites.accountShadowedWriteProtect)) === 'skip') return;
  if (yield* kvmMmuSlotGfnWriteProtect(kvm, gfn)) yield* kvmFlushRemoteTlbs(kvm);
}

/** `unaccount_shadowed()`: the reverse, and no fence in any version (P01, mail 003). */
export function* unaccountShadowed(kvm: Kvm, page: ShadowPage): Steps {
  yield* changeCount(kvm, -1, yield* choice(sites.unaccountShadowed));
  if (page.role.level > PG_LEVEL_4K) {
    const track = kvm.gfnWriteTrack(page.gfn);
    yield* add(track, -1, Mark.Plain, { text: `${track.name}--` });
  }
}

/** Writers hold mmu_lock, so only the write meets readers: `WRITE_ONCE(x, x + 1)` is marked enough. */
function* changeCount({ indirectShadowPages }: Kvm, by: 1 | -1, how: string): Steps {
  const sign = by === 1 ? '+' : '-';
  if (how === 'skip') return;
  if (how !== 'WRITE_ONCE') {
    yield* add(indirectShadowPages, by, Mark.Plain, { text: `${COUNT}${sign}${sign}` });
    return;
  }
  const count = yield* readPlain(indirectShadowPages, { text: COUNT });
  const text = `WRITE_ONCE(${COUNT}, ${COUNT} ${sign} 1)`;
  yield* writeOnce(indirectShadowPages, count.value + by, { data: [count], text });
}
