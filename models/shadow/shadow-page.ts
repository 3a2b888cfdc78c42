/** Finding and making shadow pages, under mmu_lock held for write (KVM-MMU.md A3, A5, A6). */
import {
  branch,
  call,
  choice,
  guarded,
  readPlain,
  update,
  writeOnce,
  writePlain,
  type Steps,
} from 'fencepost';
import { addPage, hasGptes, PG_LEVEL_4K, sameRole, type ShadowPageRole } from 'fencepost/mmu';
import { accountShadowed } from './account-shadowed.ts';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { isObsoleteSp, pagesInHash } from '../vm/page-hash.ts';
import * as sites from '../sites/index.ts';
import { flushOrZap, kvmSyncPage } from './sync.ts';
import { commitZapPage, prepareZapPage } from '../zap/zap.ts';

/** `kvm_mmu_get_shadow_page()`: the page that shadows the frame in the role, made if there is none. */
export function* kvmMmuGetShadowPage(vcpu: Vcpu, gfn: number, role: ShadowPageRole): Steps<number> {
  const found = yield* call('kvm_mmu_find_shadow_page', findShadowPage(vcpu, gfn, role));
  return found ?? (yield* call('kvm_mmu_alloc_shadow_page', allocShadowPage(vcpu.kvm, gfn, role)));
}

/**
 * A leaf page of another role that is unsync cannot stay where an upper-level table is wanted of the same
 * frame, which must be write-protected. The wanted page itself may be unsync: it is synchronised for now, so
 * that nothing older than the fault is linked (C03), and stays unsync.
 */
function* findShadowPage(vcpu: Vcpu, gfn: number, role: ShadowPageRole): Steps<number | undefined> {
  const { kvm } = vcpu;
  const invalidList: number[] = [];
  let found: number | undefined;
  for (const page of yield* pagesInHash(kvm, gfn)) {
    const isWanted = sameRole(page.role, role);
    if (yield* isObsoleteSp(kvm, page.id)) {
      if (!isWanted || (yield* choice(sites.findObsolete)) === 'pass over') continue;
    }
    if (!isWanted && role.level === PG_LEVEL_4K) continue;
    const isUnsync = !page.role.direct && (yield* isUnsyncPage(kvm, page.id));
    if (!isWanted) {
      if (isUnsync) yield* prepareZapPage(kvm, page.id, invalidList);
      continue;
    }
    if (isUnsync && !(yield* syncFound(vcpu, page.id, invalidList))) break;
    if (!page.role.direct) yield* clearWriteFlooding(kvm, page.id);
    found = page.id;
    break;
  }
  yield* commitZapPage(kvm, invalidList);
  return found;
}

/** `__clear_sp_write_flooding_count()`: the guest uses the table, so its writes are no flood. */
export function* clearWriteFlooding(kvm: Kvm, page: number): Steps {
  if (!kvm.has('write flooding')) return;
  const count = kvm.writeFloodingCount(page);
  yield* writeOnce(count, 0, { text: `atomic_set(&${count.name}, 0)` });
}

/** `sp->unsync` as the holder of mmu_lock reads it. */
export function* isUnsyncPage(kvm: Kvm, id: number): Steps<boolean> {
  if (!kvm.has('unsync')) return false;
  return (yield* branch(yield* readPlain(kvm.unsync(id)))) !== 0;
}

/** The transient sync of a page that was found unsync; false: it had to be zapped. */
function* syncFound(vcpu: Vcpu, id: number, invalidList: number[]): Steps<boolean> {
  if ((yield* choice(sites.findUnsyncSync)) === 'skip') return true;
  const outcome = yield* kvmSyncPage(vcpu, id, invalidList);
  if (outcome === 'zapped') return false;
  if (outcome === 'flush') yield* flushOrZap(vcpu, [], true);
  return true;
}

/** Into the hash first, accounted after. */
function* allocShadowPage(kvm: Kvm, gfn: number, role: ShadowPageRole): Steps<number> {
  const id = (yield* guarded(kvm.mmuLock)).nextPage;
  if (kvm.has('generation')) {
    const generation = yield* readPlain(kvm.mmuValidGen);
    yield* writePlain(kvm.spMmuValidGen(id), generation.value, { data: [generation] });
  }
  yield* update(kvm.mmuLock, (state) => {
    addPage(state, gfn, role);
  });
  if (hasGptes({ role })) yield* call('account_shadowed', accountShadowed(kvm, gfn, role.level));
  return id;
}
