/** What it means for the VM that a guest table is shadowed (KVM-MMU.md A6, A12; P01). */
import { add, call, choice, fenceAt, Mark, readPlain, writeOnce, type OptionOf, type Steps } from 'fencepost';
import { PG_LEVEL_4K, type ShadowPage } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import * as sites from '../sites/index.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';
import { kvmMmuSlotGfnWriteProtect } from './write-protect.ts';

const COUNT = 'indirect_shadow_pages';

/**
 * `account_shadowed()`: the count goes up, then the guest's table is write-tracked and write-protected,
 * with a remote flush if that took a right away. P01 hangs on the fence right after the increment.
 */
export function* accountShadowed(kvm: Kvm, gfn: number, level: number): Steps {
  yield* fenceAt(sites.accountShadowedBeforeIncrement);
  yield* changeCount(kvm, 1, yield* choice(sites.accountShadowedIncrement));
  yield* fenceAt(sites.accountShadowedAfterIncrement);
  // Leaf tables may become unsync, so only upper levels are write-tracked.
  if (level > PG_LEVEL_4K) {
    const track = kvm.gfnWriteTrack(gfn);
    yield* add(track, 1, Mark.Plain, { text: `${track.name}++` });
  }
  if (kvm.hugePages) yield* call('kvm_mmu_gfn_disallow_lpage', updateDisallowLpage(kvm, gfn, 1));
  if ((yield* choice(sites.accountShadowedWriteProtect)) === 'skip') return;
  if (yield* kvmMmuSlotGfnWriteProtect(kvm, gfn)) yield* kvmFlushRemoteTlbs(kvm);
}

/** `unaccount_shadowed()`: the reverse, and no fence in any version (P01, mail 003). */
export function* unaccountShadowed(kvm: Kvm, page: ShadowPage): Steps {
  yield* changeCount(kvm, -1, yield* choice(sites.unaccountShadowed));
  yield* fenceAt(sites.unaccountShadowedFence);
  if (page.role.level > PG_LEVEL_4K) {
    const track = kvm.gfnWriteTrack(page.gfn);
    yield* add(track, -1, Mark.Plain, { text: `${track.name}--` });
  }
  if (kvm.hugePages) yield* call('kvm_mmu_gfn_allow_lpage', updateDisallowLpage(kvm, page.gfn, -1));
}

/** A huge page with a table inside could not be write-protected for the table alone. */
function* updateDisallowLpage(kvm: Kvm, gfn: number, by: 1 | -1): Steps {
  const disallow = kvm.disallowLpage(gfn);
  yield* add(disallow, by, Mark.Plain, { text: `${disallow.name} ${by === 1 ? '+' : '-'}= 1` });
}

/** Writers hold mmu_lock, so only the write meets readers: `WRITE_ONCE(x, x + 1)` is marked enough. */
function* changeCount(
  { indirectShadowPages }: Kvm,
  by: 1 | -1,
  how: OptionOf<typeof sites.accountShadowedIncrement | typeof sites.unaccountShadowed>,
): Steps {
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
