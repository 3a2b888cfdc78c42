import { describe, expect, it } from 'vitest';
import { isMmuWritableSpte, isWritablePte, PG_LEVEL_4K } from 'fencepost/mmu';
import type { Proposal, Steps } from 'fencepost';
import { kvmMmuInvalidateAddr } from '../../../models/shadow/invlpg.ts';
import { KVM_REQ_TLB_FLUSH, KVM_REQ_TLB_FLUSH_CURRENT, type Kvm } from '../../../models/vm/kvm.ts';
import { pageFault } from '../../../models/fault/page-fault.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { countsBalanced } from '../../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../../models/properties/no-use-after-free.ts';
import { isUnsyncRoot, kvmMmuSyncRoot } from '../../../models/roots/sync-roots.ts';
import { mmuTryToUnsyncPages } from '../../../models/shadow/unsync.ts';
import {
  ALIASES_SP,
  DATA_A,
  FIRST_PAGE,
  FIRST_PTE,
  PAGE_TABLE,
  ROOT,
  sharedRoot,
  TABLE_SP,
  TO_DATA_C,
} from '../../../models/worlds/unsync.ts';
import { invalidateFrame } from '../../../models/zap/unmap-gfn.ts';
import { unprotectPage } from '../../../models/zap/zap.ts';
import { readLock, readUnlock, writeOnce } from '../../../src/program/operations.ts';
import { positions, runKvm } from '../../support/kvm.ts';

/** The guest stores to an entry of the table that it sees at another address. */
function guestStore(kvm: Kvm, value: number): Steps {
  return writeOnce(kvm.guest.pte(FIRST_PTE.gfn, FIRST_PTE.index), value);
}

const marks = (kvm: Kvm, value: (at: ReturnType<Kvm['unsync']>) => number) => ({
  unsync: value(kvm.unsync(TABLE_SP)),
  children: value(kvm.unsyncChildren(ROOT)),
  bitmap: value(kvm.unsyncChildBitmap(ROOT)),
});

function run(kvm: Kvm, steps: readonly (() => Steps<unknown>)[], proposal: Proposal = versions['v7.1']) {
  return runKvm(
    kvm,
    [
      function* () {
        for (const step of steps) yield* step();
      },
    ],
    proposal,
  );
}

describe('mmu_try_to_unsync_pages()', () => {
  const attempt = (kvm: Kvm, options = {}): (() => Steps<unknown>) =>
    function* () {
      yield* readLock(kvm.mmuLock);
      expect(yield* mmuTryToUnsyncPages(kvm, PAGE_TABLE, options)).toBe(Object.keys(options).length === 0);
      yield* readUnlock(kvm.mmuLock);
    };

  it('marks the table, then the pages above up to the root, then fences, all under the spinlock', () => {
    const kvm = sharedRoot({ vcpus: 1, unsync: false });
    const result = run(kvm, [attempt(kvm)]);
    const order = positions(
      result.log(),
      'spin_lock(&kvm->arch.mmu_unsync_pages_lock)',
      'mmu_try_to_unsync_pages: READ_ONCE(sp1->unsync) == 0',
      'kvm_unsync_page: sp1->unsync == 1',
      'kvm_unsync_page: __test_and_set_bit(0, sp0->unsync_child_bitmap) == 0x1',
      'kvm_unsync_page: sp0->unsync_children++ == 1',
      'spin_unlock(&kvm->arch.mmu_unsync_pages_lock)',
      'mmu_try_to_unsync_pages: smp_wmb()',
    );
    expect(order).not.toContain(-1);
    expect(marks(kvm, (at) => result.run.value(at))).toEqual({ unsync: 1, children: 1, bitmap: 1 });
  });

  it('does nothing for a table that is unsync already, and is refused inside a sync and to a prefetch', () => {
    for (const [unsync, options] of [
      [true, {}],
      [false, { synchronizing: true }],
      [false, { prefetch: true }],
    ] as const) {
      const kvm = sharedRoot({ vcpus: 1, unsync });
      const before = marks(kvm, (at) => at.initial);
      const result = run(kvm, [attempt(kvm, options)]);
      expect(marks(kvm, (at) => result.run.value(at))).toEqual(before);
    }
  });
});

describe('kvm_mmu_sync_roots()', () => {
  it('looks at the marks without the lock, and leaves it at that when nothing is unsync', () => {
    const kvm = sharedRoot({ vcpus: 1, unsync: false });
    const result = run(kvm, [() => kvmMmuSyncRoot(kvm.vcpus[0], ROOT)]);
    expect(result.log()).toEqual([
      'is_unsync_root: smp_rmb()',
      'is_unsync_root: sp0->unsync == 0',
      'is_unsync_root: sp0->unsync_children == 0',
    ]);
    const old = sharedRoot({ vcpus: 1, unsync: false });
    expect(run(old, [() => isUnsyncRoot(old, ROOT)], versions['v5.14']).log()).toEqual([
      'is_unsync_root: smp_load_acquire(&sp0->unsync) == 0',
      'is_unsync_root: smp_load_acquire(&sp0->unsync_children) == 0',
    ]);
  });

  it('protects the table, flushes, clears the mark, and only then reads every entry', () => {
    const kvm = sharedRoot({ vcpus: 2, unsync: true });
    const result = run(kvm, [() => guestStore(kvm, TO_DATA_C), () => kvmMmuSyncRoot(kvm.vcpus[0], ROOT)]);
    const order = positions(
      result.log(),
      'kvm_mmu_sync_roots: write_lock(&kvm->mmu_lock)',
      'mmu_unsync_walk: sp0->unsync_children == 1',
      'mmu_unsync_walk: sp1->unsync == 1',
      'kvm_mmu_slot_gfn_write_protect: WRITE_ONCE(sp2->spt[0]) == gpt U|X',
      'set_bit(KVM_REQ_TLB_FLUSH, &vcpu1->requests)',
      'kvm_unlink_unsync_page: sp1->unsync == 0',
      'sync_spte: sp1->spt[0] == data_a U|X',
      'sync_spte: gpte = gpt[0] == data_c U|X',
      'sync_spte: WRITE_ONCE(sp1->spt[0]) == 0',
      'sync_spte: gpte = gpt[1] == data_b U|X',
      'mmu_sync_children: --sp0->unsync_children == 0',
      'mmu_sync_children: __clear_bit(0, sp0->unsync_child_bitmap) == 0x0',
      'set_bit(KVM_REQ_TLB_FLUSH, &vcpu1->requests)',
      'kvm_mmu_sync_roots: write_unlock(&kvm->mmu_lock)',
    );
    expect(order).not.toContain(-1);
    expect(marks(kvm, (at) => result.run.value(at))).toEqual({ unsync: 0, children: 0, bitmap: 0 });
    const alias = result.run.value(kvm.spte({ page: ALIASES_SP, index: 0 }, PG_LEVEL_4K));
    expect(isWritablePte(alias) || isMmuWritableSpte(alias)).toBe(false);
    for (const property of [noStaleSpte(kvm), countsBalanced(kvm), noUseAfterFree(kvm)]) {
      expect(property.check(result.run)).toBeUndefined();
    }
  });

  it('in v5.14 puts the flush for a dropped SPTE off', () => {
    const kvm = sharedRoot({ vcpus: 1, unsync: true });
    const { run: after } = run(
      kvm,
      [() => guestStore(kvm, TO_DATA_C), () => kvmMmuSyncRoot(kvm.vcpus[0], ROOT)],
      versions['v5.14'],
    );
    expect(after.value(kvm.tlbsDirty)).toBe(1);
    expect(after.value(kvm.vcpus[0].requests)).toBe(
      (1 << KVM_REQ_TLB_FLUSH_CURRENT) | (1 << KVM_REQ_TLB_FLUSH),
    );
  });

  // The reverse map has forgotten data_a, whose SPTE the sync has dropped; that of gpt is zapped.
  it.each([DATA_A, PAGE_TABLE])(
    'in v5.14 leaves it to the next notifier, which clears tlbs_dirty (gfn %i)',
    (gfn) => {
      const kvm = sharedRoot({ vcpus: 1, unsync: true });
      const { run: after, log } = run(
        kvm,
        [
          () => guestStore(kvm, TO_DATA_C),
          () => kvmMmuSyncRoot(kvm.vcpus[0], ROOT),
          () => invalidateFrame(kvm, gfn),
        ],
        versions['v5.14'],
      );
      expect(after.value(kvm.tlbsDirty)).toBe(0);
      const order = positions(
        log(),
        'sync_page: kvm->tlbs_dirty++',
        'kvm_flush_remote_tlbs: smp_load_acquire(&kvm->tlbs_dirty)',
        'kvm_flush_remote_tlbs: cmpxchg(&kvm->tlbs_dirty',
      );
      expect(order).not.toContain(-1);
    },
  );
});

describe('a fault that finds an unsync table', () => {
  it('synchronises it for the moment, links it, and marks the parent; it stays unsync', () => {
    const kvm = sharedRoot({ vcpus: 2, unsync: true, linked: false });
    const result = run(kvm, [
      () => guestStore(kvm, TO_DATA_C),
      () => pageFault(kvm.vcpus[0], ROOT, FIRST_PAGE),
    ]);
    const order = positions(
      result.log(),
      'kvm_mmu_find_shadow_page: sp1->unsync == 1',
      'sync_spte: WRITE_ONCE(sp1->spt[0]) == 0',
      'set_bit(KVM_REQ_TLB_FLUSH, &vcpu1->requests)',
      'gpte_changed: curr_pte = gpt[0]',
      'link_shadow_page: WRITE_ONCE(sp0->spt[0]) == sp1',
      'mark_unsync: __test_and_set_bit(0, sp0->unsync_child_bitmap) == 0x1',
      'mark_unsync: sp0->unsync_children++ == 1',
      'mmu_set_spte: WRITE_ONCE(sp1->spt[0]) == data_c U|X',
    );
    expect(order).not.toContain(-1);
    expect(marks(kvm, (at) => result.run.value(at))).toEqual({ unsync: 1, children: 1, bitmap: 1 });
    expect(noStaleSpte(kvm).check(result.run)).toBeUndefined();
  });
});

describe('INVLPG', () => {
  it.each(['v6.3', 'v7.1'] as const)('of an unsync entry lets the guest see its store (%s)', (version) => {
    const kvm = sharedRoot({ vcpus: 1, unsync: true });
    const result = run(
      kvm,
      [() => guestStore(kvm, TO_DATA_C), () => kvmMmuInvalidateAddr(kvm.vcpus[0], ROOT, FIRST_PAGE)],
      versions[version],
    );
    const spte = kvm.spte({ page: TABLE_SP, index: 0 }, PG_LEVEL_4K);
    expect(spte.format?.(result.run.value(spte))).toBe(version === 'v6.3' ? 'data_c U|X' : '0');
    expect(marks(kvm, (at) => result.run.value(at)).unsync).toBe(1);
    expect(noStaleSpte(kvm).check(result.run)).toBeUndefined();
  });
});

describe('zapping', () => {
  it('of an upper page takes the unsync tables below along', () => {
    const kvm = sharedRoot({ vcpus: 0, unsync: true });
    const result = run(kvm, [() => unprotectPage(kvm, 1)]);
    expect(result.run.state(kvm.mmuLock).pages.map(({ id }) => id)).toEqual([ALIASES_SP]);
    expect(result.run.value(kvm.unsync(TABLE_SP))).toBe(0);
    expect(countsBalanced(kvm).check(result.run)).toBeUndefined();
  });
});

it('a world that says nothing goes unsync holds the paths to it', () => {
  const kvm = sharedRoot({ vcpus: 1, unsync: false, without: ['unsync'] });
  const writable = function* () {
    yield* readLock(kvm.mmuLock);
    yield* mmuTryToUnsyncPages(kvm, PAGE_TABLE);
  };
  expect(() => run(kvm, [writable])).toThrow('without unsync');
});
