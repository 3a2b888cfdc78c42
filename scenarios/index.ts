/** The catalogue: every scenario that comes with fencepost, grouped by the protocol that it asks about. */
import type { Scenario } from 'fencepost';
import { cmpxchgWriteVsFirstFault } from './p01-isp/cmpxchg-write-vs-first-fault.ts';
import { emulatedWriteVsFirstFault } from './p01-isp/emulated-write-vs-first-fault.ts';
import { emulatedWriteVsFirstFaultMapped } from './p01-isp/emulated-write-vs-first-fault-mapped.ts';
import { emulatedWriteVsRootLoad } from './p01-isp/emulated-write-vs-root-load.ts';
import { heuristicReaderVsFault } from './p01-isp/heuristic-reader-vs-fault.ts';
import { heuristicReaderVsZap } from './p01-isp/heuristic-reader-vs-zap.ts';
import { lastZapVsEmulatedWrite } from './p01-isp/last-zap-vs-emulated-write.ts';
import { twoWritersVsFault } from './p01-isp/two-writers-vs-fault.ts';
import { twoWritersVsTwoFaults } from './p01-isp/two-writers-vs-two-faults.ts';
import { writerVsTwoFaults } from './p01-isp/writer-vs-two-faults.ts';
import { entryVsFlush } from './p02-requests/entry-vs-flush.ts';
import { entryVsTableFree } from './p02-requests/entry-vs-table-free.ts';
import { walkVsFree } from './p04-walk/walk-vs-free.ts';
import { interruptedSync } from './p05-unsync/interrupted-sync.ts';
import { linkOfStaleSubtree, twoLinksOfStaleSubtree } from './p05-unsync/link-of-stale-subtree.ts';
import { linkVsReload, linkVsRemoteReload } from './p05-unsync/link-vs-reload.ts';
import { twoFaultersVsFlush } from './p05-unsync/two-faulters-vs-flush.ts';
import { unsyncVsSync } from './p05-unsync/unsync-vs-sync.ts';
import { unsyncVsFlush } from './p05-unsync/unsync-vs-flush.ts';
import { syncVsWriteFault } from './p06-sync/sync-vs-write-fault.ts';
import { syncVsGuestWrite } from './p06-sync/sync-vs-guest-write.ts';
import { lockedWriteVsStore } from './p07-reread/locked-write-vs-store.ts';
import { repointedTableVsTwoFaults } from './p07-reread/repointed-table-vs-two-faults.ts';
import { tableOverLargePage } from './p07-reread/table-over-large-page.ts';
import { trackedWriteVsTwoFaults } from './p07-reread/tracked-write-vs-two-faults.ts';
import { twoTrackedWrites } from './p07-reread/two-tracked-writes.ts';
import { dirtyLogVsShadowing } from './p18-mmu-writable/dirty-log-vs-shadowing.ts';
import { twoTablesMarked } from './p34-unsync-lock/two-tables-marked.ts';
import { delayedFlushVsInvalidation } from './p36-tlbs-dirty/delayed-flush-vs-invalidation.ts';
import { droppedMappingOfTable } from './p36-tlbs-dirty/dropped-mapping-of-table.ts';
import { entryVsFloodedRoot } from './p12-obsolete-root/entry-vs-flooded-root.ts';
import { entryVsRootZap } from './p12-obsolete-root/entry-vs-root-zap.ts';
import { faultVsZapAll } from './p13-zap-all-fast/fault-vs-zap-all.ts';
import { entryVsZapAll } from './p13-zap-all-fast/entry-vs-zap-all.ts';
import {
  hashOfTwoRoots,
  hashVsFirstRoot,
  rmapsOfTwoRoots,
  rmapsVsFirstRoot,
  trackingOfTwoUsers,
  trackingVsFirstUser,
} from './p14-published/use-vs-publish.ts';
import { faultVsInvalidation } from './p08-invalidate-seq/fault-vs-invalidation.ts';
import { faultVsTwoInvalidations } from './p08-invalidate-seq/fault-vs-two-invalidations.ts';
import { retriedFault } from './p08-invalidate-seq/retried-fault.ts';
import { narrowSequence } from './p08-invalidate-seq/narrow-sequence.ts';
import { refreshVsInvalidation } from './p10-pfncache/refresh-vs-invalidation.ts';
import { walkVsReplace } from './p23-spte-halves/walk-vs-replace.ts';
import { faultVsNewFlags } from './p29-memslot-removal/fault-vs-new-flags.ts';
import { faultVsRemoval, mmioFaultVsRemoval } from './p29-memslot-removal/fault-vs-removal.ts';
import { prefaultVsRemoval } from './p29-memslot-removal/prefault-vs-removal.ts';
import { mmioAccessVsNewSlot, mmioFaultVsNewSlot } from './p30-mmio-generation/mmio-fault-vs-new-slot.ts';
import { rmapAllocVsNewFlags } from './p31-slots-arch/rmap-alloc-vs-new-flags.ts';
import { ageVsRemove, ageVsZap } from './p33-rmap-lock/age-vs-remove.ts';
import { levelVsFree } from './p41-host-walk/level-vs-free.ts';
import { flushVsEmulation } from './p42-pv-flush/flush-vs-emulation.ts';
import { flushVsPreemption } from './p42-pv-flush/flush-vs-preemption.ts';
import {
  swapVsInvalidation,
  swapVsTwoInvalidations,
  twoInvalidations,
} from './p32-memslot-swap/swap-vs-invalidation.ts';
import { dirtyUpdateVsZap } from './p17-fast-fault/dirty-update-vs-zap.ts';
import { fastFaultVsInvalidation } from './p17-fast-fault/fast-fault-vs-invalidation.ts';
import { fastFaultVsHarvest } from './p19-dirty-bitmap/fast-fault-vs-harvest.ts';
import { faultVsEnableLog } from './p19-dirty-bitmap/fault-vs-enable-log.ts';
import { slowFaultVsHarvest } from './p19-dirty-bitmap/slow-fault-vs-harvest.ts';
import { emulatedWriteVsHarvest } from './p20-dirty-data/emulated-write-vs-harvest.ts';
import { lockedWriteVsHarvest } from './p20-dirty-data/locked-write-vs-harvest.ts';
import { cachedDirtyVsHarvest } from './p21-dirty-bits/cached-dirty-vs-harvest.ts';
import { writeVsRingReset } from './p22-dirty-ring/write-vs-ring-reset.ts';
import { pushCollectReset } from './p22-dirty-ring/push-collect-reset.ts';
import { accessedBitVsGuestStore, accessedBitVsMigration } from './p39-accessed-dirty/update-vs-guest.ts';
import { invlpgPrefetchVsWrite } from './p07-reread/invlpg-prefetch-vs-write.ts';
import { walkVsEagerSplit, walkVsLink, walkVsSplit } from './p24-link/walk-vs-link.ts';
import { mapVsTableZap } from './p25-frozen/map-vs-table-zap.ts';
import { mapVsZap } from './p25-frozen/map-vs-zap.ts';
import {
  fastFaultVsCollapse,
  guestVsCollapse,
  guestVsNxRecovery,
  walkVsCollapse,
} from './p26-tdp-rcu/table-lifetime.ts';
import { twoRootAllocations } from './p28-tdp-roots/two-root-allocations.ts';
import { twoPuts, unmapVsPut, walkVsPut } from './p28-tdp-roots/walk-vs-put.ts';
import { faultVsRootZap, slotRemovalVsRootZap, unmapVsRootZap } from './p28-tdp-roots/root-zap.ts';
import { yieldVsLaterWalk, yieldVsRestart, yieldVsUnmap } from './p26-tdp-rcu/yield.ts';
import { migrationVsFlush } from './p27-migration/migration-vs-flush.ts';
import { linkVsZap, recoveryVsCollapse } from './p35-nx/nx-list.ts';
import { twoReclaims } from './c11-reclaim/two-reclaims.ts';
import { twoAddressSpaces } from './c33-write-tracking/two-address-spaces.ts';
import { walkVsTableZap } from './p25-frozen/walk-vs-table-zap.ts';
import { dirtyUpdateVsTableZap } from './p17-fast-fault/dirty-update-vs-table-zap.ts';
import { createVsLookup } from './p37-online-vcpus/create-vs-lookup.ts';
import { twoRequests } from './p11-request-payload/two-requests.ts';
import { fastFaultVsChangedPte } from './c07-changed-pte/fast-fault-vs-changed-pte.ts';
import { transitionFlush } from './c37-nested-flush/transition-flush.ts';
import { switchVsZapAll } from './c12-prev-roots/switch-vs-zap-all.ts';
import { prevRootAfterZapAll } from './c12-prev-roots/prev-root-after-zap-all.ts';
import { twoPathsToATable } from './c35-permissions/two-paths-to-a-table.ts';
import { mmioOverPresent } from './c26-untracked-writes/mmio-over-present.ts';

export const scenarios: readonly Scenario[] = [
  emulatedWriteVsFirstFault,
  emulatedWriteVsRootLoad,
  cmpxchgWriteVsFirstFault,
  emulatedWriteVsFirstFaultMapped,
  lastZapVsEmulatedWrite,
  heuristicReaderVsFault,
  heuristicReaderVsZap,
  twoWritersVsFault,
  twoWritersVsTwoFaults,
  writerVsTwoFaults,
  entryVsFlush,
  entryVsTableFree,
  walkVsFree,
  repointedTableVsTwoFaults,
  unsyncVsFlush,
  unsyncVsSync,
  twoFaultersVsFlush,
  linkVsReload,
  linkVsRemoteReload,
  linkOfStaleSubtree,
  interruptedSync,
  twoLinksOfStaleSubtree,
  syncVsGuestWrite,
  syncVsWriteFault,
  trackedWriteVsTwoFaults,
  tableOverLargePage,
  twoTrackedWrites,
  lockedWriteVsStore,
  dirtyLogVsShadowing,
  twoTablesMarked,
  droppedMappingOfTable,
  delayedFlushVsInvalidation,
  entryVsRootZap,
  entryVsFloodedRoot,
  faultVsZapAll,
  entryVsZapAll,
  rmapsVsFirstRoot,
  hashVsFirstRoot,
  trackingVsFirstUser,
  rmapsOfTwoRoots,
  hashOfTwoRoots,
  trackingOfTwoUsers,
  faultVsInvalidation,
  faultVsTwoInvalidations,
  narrowSequence,
  retriedFault,
  refreshVsInvalidation,
  faultVsRemoval,
  mmioFaultVsRemoval,
  faultVsNewFlags,
  prefaultVsRemoval,
  mmioFaultVsNewSlot,
  mmioAccessVsNewSlot,
  rmapAllocVsNewFlags,
  swapVsInvalidation,
  swapVsTwoInvalidations,
  twoInvalidations,
  walkVsReplace,
  ageVsRemove,
  ageVsZap,
  levelVsFree,
  flushVsEmulation,
  flushVsPreemption,
  dirtyUpdateVsZap,
  fastFaultVsInvalidation,
  fastFaultVsHarvest,
  slowFaultVsHarvest,
  faultVsEnableLog,
  emulatedWriteVsHarvest,
  lockedWriteVsHarvest,
  cachedDirtyVsHarvest,
  pushCollectReset,
  writeVsRingReset,
  accessedBitVsGuestStore,
  accessedBitVsMigration,
  invlpgPrefetchVsWrite,
  walkVsLink,
  walkVsSplit,
  walkVsEagerSplit,
  mapVsTableZap,
  mapVsZap,
  walkVsCollapse,
  fastFaultVsCollapse,
  guestVsCollapse,
  guestVsNxRecovery,
  walkVsPut,
  unmapVsPut,
  twoPuts,
  twoRootAllocations,
  faultVsRootZap,
  unmapVsRootZap,
  slotRemovalVsRootZap,
  yieldVsUnmap,
  yieldVsLaterWalk,
  yieldVsRestart,
  migrationVsFlush,
  linkVsZap,
  recoveryVsCollapse,
  twoReclaims,
  twoAddressSpaces,
  walkVsTableZap,
  dirtyUpdateVsTableZap,
  createVsLookup,
  twoRequests,
  fastFaultVsChangedPte,
  transitionFlush,
  prevRootAfterZapAll,
  switchVsZapAll,
  mmioOverPresent,
  twoPathsToATable,
];
