import type { Scenario } from 'fencepost';
import { runGuest, serveRequests } from '../../models/entry/guest-entry.ts';
import { KVM_REQ_TLB_FLUSH } from '../../models/vm/kvm.ts';
import { zapAndFree } from '../../models/shadow/lockless-walk.ts';
import { PagingStructureCache } from '../../models/processor/paging-structure-cache.ts';
import * as proposals from '../../models/proposals/guest-entry.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/index.ts';
import { LEAF_TABLE, MAPPED_PAGE, oneMappedTable, UPPER_ROOT } from '../../models/worlds/entry.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { ENTRY_AND_KICK_SITES, REQUEST_SITES } from './sites.ts';

export const entryVsTableFree: Scenario = {
  name: 'entry-vs-table-free',
  question: 'Can the processor walk a shadow page that was freed, from an upper entry that it has cached?',
  doc:
    'CPU1 zaps a leaf table and frees it behind the flush of the commit. CPU0 enters the guest twice: in the first run ' +
    'the paging-structure cache may take up the entry that leads to the table, in the second the processor walks from ' +
    'there, or from the root.',
  sources: ['KVM-MMU.md P03, P02, A12, A13, D1', 'SDM vol. 3A, 4.10.3'],
  sites: [
    ...ENTRY_AND_KICK_SITES,
    ...REQUEST_SITES,
    sites.kickFence,
    sites.zapClearSptes,
    sites.prepareZapUnlinkParents,
    sites.prepareZapInvalidate,
  ],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    proposals.modeOnce,
    proposals.noEntryFence,
    proposals.entryWithInterrupts,
    proposals.noIpiWait,
  ],
  protocols: ['P02', 'P03'],
  mutants: [
    'v7.1-mode-once/no-entry-fence',
    'v7.1-mode-once/entry-with-interrupts',
    'v7.1-mode-once/no-ipi-wait',
  ],
  expectations: [
    {
      proposals: [...VERSIONS, 'v7.1-mode-once'],
      verdicts: SAFE,
      because:
        'P03: the parent SPTE is cleared before the mode is looked at, and a flush ends what the processor has cached of it: ' +
        'before the next run, or the requester waits for the end of this one',
    },
    {
      proposals: ['v7.1-mode-once/no-entry-fence'],
      verdicts: REORDERED,
      because: 'P02: the vCPU misses the request, the requester the mode: store buffering',
    },
    {
      proposals: ['v7.1-mode-once/entry-with-interrupts', 'v7.1-mode-once/no-ipi-wait'],
      verdicts: EVERYWHERE,
      because: 'P03: the table is freed while the guest still runs and the processor has its entry',
    },
  ],
  world() {
    const kvm = oneMappedTable();
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          *body() {
            const cache = new PagingStructureCache(vcpu, UPPER_ROOT, MAPPED_PAGE);
            const handlers = { [KVM_REQ_TLB_FLUSH]: () => cache.flush() };
            yield* serveRequests(vcpu, handlers);
            yield* runGuest(vcpu, () => cache.mayFill());
            do yield* serveRequests(vcpu, handlers);
            while (!(yield* runGuest(vcpu, () => cache.access())));
            yield* cache.judge();
          },
        },
        { name: 'CPU1 (zap)', body: () => zapAndFree(kvm, LEAF_TABLE) },
      ],
      properties: [],
    };
  },
};
