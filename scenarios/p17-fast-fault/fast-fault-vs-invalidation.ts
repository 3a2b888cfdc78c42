import type { Scenario } from 'fencepost';
import { fastPageFault } from '../../models/fault/fast-page-fault.ts';
import { hostPte, replaceHostPage } from '../../models/vm/host-memory.ts';
import { invalidateRangeEnd, invalidateRangeStart } from '../../models/notifier/notifier.ts';
import { noFreedPage } from '../../models/properties/no-freed-page.ts';
import { fastFaultPlain } from '../../models/proposals/dirty-log.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { fastFaultDirty, fastFaultStore } from '../../models/sites/dirty-log.ts';
import {
  invalidateEndCount,
  invalidateEndFence,
  invalidateEndSeqWrite,
} from '../../models/sites/notifier.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { loggedVm, PROTECTED_FOR_LOG } from '../../models/worlds/logged.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const GFN = 1;
const NEW_PFN = 2;

export const fastFaultVsInvalidation: Scenario = {
  name: 'fast-fault-vs-invalidation',
  question: 'Can a fast page fault bring back an SPTE that an invalidation has zapped?',
  doc:
    'The page is mapped without W, but MMU-writable. On CPU0 a write fault is fixed without mmu_lock; on CPU1 the ' +
    'primary MM replaces the host page.',
  sources: ['KVM-MMU.md A15, P17'],
  sites: [
    fastFaultDirty,
    fastFaultStore,
    invalidateEndCount,
    invalidateEndFence,
    invalidateEndSeqWrite,
    flushTlbsDirty,
  ],
  proposals: [...VERSIONS.map((name) => versions[name]), fastFaultPlain],
  protocols: ['P17'],
  mutants: ['v7.1/fast-fault-plain'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because: 'P17: the cmpxchg fails if the SPTE is no longer what the fault has looked at',
    },
    {
      proposals: ['v7.1/fast-fault-plain'],
      verdicts: EVERYWHERE,
      because: 'P17: a store after the zap maps the page that the host has freed',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(PROTECTED_FOR_LOG, 0);
    const mapping = { kvm, sptep: page.sptep, hostPte: hostPte(kvm, GFN, GFN) };
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (fast page fault)',
          body: () => fastPageFault(page.sptep, undefined),
        },
        {
          name: 'CPU1 (primary MM)',
          *body() {
            yield* invalidateRangeStart(kvm, page.sptep);
            yield* replaceHostPage(kvm, mapping.hostPte, NEW_PFN);
            yield* invalidateRangeEnd(kvm);
          },
        },
      ],
      properties: [noFreedPage(mapping)],
    };
  },
};
