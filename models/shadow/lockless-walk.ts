/**
 * Walks of the shadow page tables without mmu_lock (KVM-MMU.md A14, P04), and freeing a table that may be walked.
 * Interrupts are off during a walk, so whoever frees a table and finds the mode waits for its end.
 */
import {
  branch,
  call,
  choice,
  fail,
  readOnce,
  storeMb,
  storeRelease,
  writeLock,
  writeOnce,
  writeUnlock,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import { indexAt, isShadowPresentPte, PG_LEVEL_4K, spteChild } from 'fencepost/mmu';
import { OUTSIDE_GUEST_MODE, READING_SHADOW_PAGE_TABLES, type Kvm, type Vcpu } from '../vm/kvm.ts';
import { kickFenceAt } from '../entry/requests.ts';
import * as sites from '../sites/lockless-walk.ts';
import { sptePointer } from './sptes.ts';
import { commitZapPage, prepareZapPage } from '../zap/zap.ts';

/** `get_mmio_spte()` or `fast_page_fault()` as far as the last SPTE: what it does with that comes after the walk. */
export function* walkLockless(vcpu: Vcpu, root: number, level: number, page: number): Steps {
  yield* call('walk_shadow_page_lockless_begin', begin(vcpu));
  const visits = yield* call('get_walk', walk(vcpu, root, level, page));
  yield* call('walk_shadow_page_lockless_end', end(vcpu));
  for (const { id, gone } of visits) {
    if ((yield* branch(gone)) !== 0) yield* fail('no-use-after-free', `walks sp${id}, which was freed`);
  }
}

function* begin({ mode }: Vcpu): Steps {
  if ((yield* choice(sites.walkBegin)) === 'smp_store_mb()') yield* storeMb(mode, READING_SHADOW_PAGE_TABLES);
  else yield* writeOnce(mode, READING_SHADOW_PAGE_TABLES);
}

function* end({ mode }: Vcpu): Steps {
  const how = yield* choice(sites.walkEnd);
  if (how === 'smp_store_release()') yield* storeRelease(mode, OUTSIDE_GUEST_MODE);
  else if (how === 'WRITE_ONCE()') yield* writeOnce(mode, OUTSIDE_GUEST_MODE);
}

/** A table below the root that was read, and whether its memory was somebody else's then. */
interface Visit {
  readonly id: number;
  readonly gone: Read;
}

function* walk({ kvm, mode }: Vcpu, root: number, rootLevel: number, page: number): Steps<readonly Visit[]> {
  const via: Read[] = [];
  const visits: Visit[] = [];
  let id = root;
  for (let level = rootLevel; ; level--) {
    const isLast = level === PG_LEVEL_4K;
    if (isLast && (yield* choice(sites.walkEnd)) === 'before the last read')
      yield* storeRelease(mode, OUTSIDE_GUEST_MODE);
    const addr = [...via];
    if (id !== root) {
      const gone = yield* readOnce(tableGone(kvm, id), { addr, text: `walk into sp${id}` });
      visits.push({ id, gone });
    }
    const { location } = sptePointer(kvm, id, indexAt(page, level, kvm.entries), level);
    const read = yield* readOnce(location, { addr });
    // Nothing depends on the last SPTE until the walk is over.
    if (isLast || !isShadowPresentPte(yield* branch(read))) return visits;
    via.push(read);
    id = spteChild(read.value);
  }
}

/** 1 once the memory of a shadow page belongs to somebody else. */
export function tableGone({ memory }: Kvm, id: number): Location {
  return memory.location(`sp${id}->spt in other hands`);
}

/** `kvm_mmu_prepare_zap_page()` and the commit: unlinked, flushed, freed. */
export function* zapAndFree(kvm: Kvm, id: number): Steps {
  const invalidList: number[] = [];
  yield* writeLock(kvm.mmuLock);
  yield* prepareZapPage(kvm, id, invalidList);
  yield* commitZapPage(kvm, invalidList, { kick: kickFenceAt });
  for (const page of invalidList) {
    yield* call(
      'kvm_mmu_free_shadow_page',
      storeRelease(tableGone(kvm, page), 1, { text: `free_page(sp${page}->spt)` }),
    );
  }
  yield* writeUnlock(kvm.mmuLock);
}
