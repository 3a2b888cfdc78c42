import type { Scenario, Steps } from 'fencepost';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { KERNELS, linkBeforeSync } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { unsyncReachable } from '../../models/properties/unsync-reachable.ts';
import { readFresh } from '../../models/processor/shadow-guest.ts';
import * as sites from '../../models/sites/index.ts';
import {
  DEEP_TABLES,
  FIRST_PAGE,
  OLD_DATA,
  ROOT,
  SECOND_PAGE,
  unlinkedSubtree,
} from '../../models/worlds/subtree.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { FAULT_SITES, UNMAPPED_SYNC_SITES } from './sites.ts';

const FIXED = KERNELS.filter(({ name }) => name !== 'v5.14');

function* faultOn(vcpu: Vcpu, page: number): Steps {
  yield* pageFault(vcpu, ROOT, page, {}, DEEP_TABLES);
}

export const linkOfStaleSubtree: Scenario = {
  name: 'link-of-stale-subtree',
  question: 'Does a link to a subtree with unsync tables show another vCPU what is out of date there?',
  doc:
    'Two vCPUs under one root of three levels. The guest has written the first entry of an unsync table and then made ' +
    'the entry of its top table present that leads there, for which it need not flush. CPU0 faults on the second entry ' +
    'and links the subtree; CPU1 reads the page of the first.',
  sources: ['KVM-MMU.md A3, C03, D1, G5 14', '65855ed8b034'],
  protocols: ['P05', 'P07'],
  bugs: [{ id: 'C03', buggy: 'v5.14', fixed: 'v5.15' }],
  mutants: [linkBeforeSync.name],
  sites: [
    ...FAULT_SITES,
    ...UNMAPPED_SYNC_SITES.filter((site) => site !== sites.syncUnchanged && site !== sites.syncPublish),
    sites.childAccessFrom,
    sites.getChildSpKeep,
    sites.linkSyncChildren,
    sites.linkMarkUnsync,
    sites.flushTlbsDirty,
  ],
  proposals: [...KERNELS, linkBeforeSync],
  expectations: [
    {
      proposals: ['v5.14', linkBeforeSync.name],
      verdicts: EVERYWHERE,
      because:
        '65855ed8b034: KVM_REQ_MMU_SYNC is posted to the vCPU that faults; the hardware of the others walks the link at once',
    },
    {
      proposals: FIXED.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'mmu_sync_children() comes before the link, with a flush in between, whose smp_wmb() orders the stores',
    },
  ],
  world() {
    const kvm = unlinkedSubtree();
    const [faults, reads] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => faultOn(faults, SECOND_PAGE) },
        { name: 'CPU1 (guest reads)', body: () => readFresh(reads, ROOT, 3, FIRST_PAGE, OLD_DATA) },
      ],
      properties: [noStaleSpte(kvm), unsyncReachable(kvm)],
    };
  },
};

export const twoLinksOfStaleSubtree: Scenario = {
  ...linkOfStaleSubtree,
  name: 'two-links-of-stale-subtree',
  question: 'Does a link to a subtree with unsync tables show anything old while two vCPUs fault below it?',
  doc:
    'The same as link-of-stale-subtree with three vCPUs: CPU0 and CPU1 fault on the second and on the first entry of the ' +
    'table, and either may link the subtree; CPU2 reads the page of the first entry.',
  tier: 'deep',
  world() {
    const kvm = unlinkedSubtree(3);
    const [first, second, reads] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => faultOn(first, SECOND_PAGE) },
        { name: 'CPU1 (page fault)', body: () => faultOn(second, FIRST_PAGE) },
        { name: 'CPU2 (guest reads)', body: () => readFresh(reads, ROOT, 3, FIRST_PAGE, OLD_DATA) },
      ],
      properties: [noStaleSpte(kvm), unsyncReachable(kvm)],
    };
  },
};
