import { fence, Fence, type Scenario, type Steps } from 'fencepost';
import { GUEST_ROOT_LEVEL } from 'fencepost/mmu';
import { hardwareWalk } from '../../models/processor/hardware.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { KERNELS, linkNotMarked, markThenSync, noFindSync } from '../../models/proposals/unsync.ts';
import { unsyncReachable } from '../../models/properties/unsync-reachable.ts';
import { readFresh, sendIpi, takeIpi, writeThrough } from '../../models/processor/shadow-guest.ts';
import { isUnsyncRoot } from '../../models/roots/sync-roots.ts';
import {
  DATA_A,
  FIRST_PAGE,
  FIRST_PTE,
  PAGE_TABLE_ALIAS,
  ROOT,
  SECOND_PAGE,
  sharedRoot,
  TO_DATA_C,
} from '../../models/worlds/unsync.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { FIND_SITES, LOOK_SITES } from './sites.ts';

/** Writes an entry of the table through another address; false: that is not mapped. */
function* writeEntry(vcpu: Vcpu): Steps<boolean> {
  const alias = yield* hardwareWalk(vcpu.kvm, ROOT, GUEST_ROOT_LEVEL, PAGE_TABLE_ALIAS);
  return yield* writeThrough(vcpu, alias, FIRST_PTE.index, TO_DATA_C);
}

/** Reloads CR3 and reads the page that the entry maps. */
function* reloadAndRead(vcpu: Vcpu): Steps {
  yield* fence(Fence.Mb, 'VM-exit');
  if (yield* isUnsyncRoot(vcpu.kvm, ROOT)) return;
  yield* readFresh(vcpu, ROOT, GUEST_ROOT_LEVEL, FIRST_PAGE, DATA_A);
}

function* writeReloadRead(vcpu: Vcpu): Steps {
  if (yield* writeEntry(vcpu)) yield* reloadAndRead(vcpu);
}

function* faultOnSecondPage(vcpu: Vcpu): Steps {
  yield* pageFault(vcpu, ROOT, SECOND_PAGE);
}

/**
 * Found out by exploring (G5 5): link_shadow_page() stores the SPTE before it marks the parents, so for a moment
 * the hardware of every vCPU walks into an unsync table of which its root knows nothing.
 */
export const linkVsReload: Scenario = {
  name: 'link-vs-reload',
  question: 'Does a CR3 reload that finds nothing unsync leave a link to an unsync table to be walked?',
  doc:
    'Two vCPUs under one root. A page table is shadowed and unsync, but not linked below this root. CPU0 faults on its ' +
    'second entry and links it; CPU1 writes its first entry through another address, reloads CR3, for which KVM looks ' +
    'at the marks of the root without mmu_lock, and reads the page of the first entry.',
  sources: ['KVM-MMU.md A3, A8, P05, G3 I4, G5 5', '578e1c4db221'],
  protocols: ['P05'],
  sites: [...FIND_SITES, ...LOOK_SITES],
  proposals: [...KERNELS, linkNotMarked, noFindSync, markThenSync],
  mutants: [linkNotMarked.name, noFindSync.name],
  expectations: [
    {
      proposals: [...KERNELS.map(({ name }) => name), linkNotMarked.name, noFindSync.name],
      verdicts: EVERYWHERE,
      because:
        'the transient sync and the re-read come before the link, the mark after it: a write and a reload fit in between. ' +
        'No source reports this, so it is a question to the maintainers and not a claim',
    },
    {
      proposals: [markThenSync.name],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'a reload that misses the mark came before the sync, which then reads what was written: store buffering with both ' +
        'fences, the VM-exit being the other. A mark just before the link would not do: the sync may be older than the write. ' +
        'The marks are plain accesses, on which LKMM promises nothing without a lock',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 2, unsync: true, linked: false });
    const [faults, reloads] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => faultOnSecondPage(faults) },
        { name: 'CPU1 (guest writes, reloads CR3, reads)', body: () => writeReloadRead(reloads) },
      ],
      properties: [unsyncReachable(kvm)],
    };
  },
};

function* writeAndInterrupt(vcpu: Vcpu): Steps {
  if (yield* writeEntry(vcpu)) yield* sendIpi(vcpu);
}

function* reloadWhenInterrupted(vcpu: Vcpu): Steps {
  if (yield* takeIpi(vcpu)) yield* reloadAndRead(vcpu);
}

export const linkVsRemoteReload: Scenario = {
  ...linkVsReload,
  name: 'link-vs-remote-reload',
  question: 'The same where one vCPU writes the entry and another one, interrupted for it, reloads CR3?',
  doc:
    'Three vCPUs under one root. CPU0 faults on the second entry of the table as in link-vs-reload and links it. CPU1 ' +
    'writes the first entry through another address and sends an IPI; CPU2 takes it, reloads CR3, and reads the page of ' +
    'the first entry. The VM-exit that fences is not that of the vCPU that has written.',
  world() {
    const kvm = sharedRoot({ vcpus: 3, unsync: true, linked: false });
    const [faults, writes, reloads] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => faultOnSecondPage(faults) },
        { name: 'CPU1 (guest writes an entry)', body: () => writeAndInterrupt(writes) },
        { name: 'CPU2 (guest reloads CR3, reads)', body: () => reloadWhenInterrupted(reloads) },
      ],
      properties: [unsyncReachable(kvm)],
    };
  },
};
