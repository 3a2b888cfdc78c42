import type { Scenario } from 'fencepost';
import { copyToUser } from '../../models/vm/guest-memory.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { rmapConsistent } from '../../models/properties/rmap-consistent.ts';
import * as sites from '../../models/sites/index.ts';
import { OTHER_DATA, PAGE, PTE, ROOT, shadowed, TO_DATA_B } from '../../models/worlds/page-directory.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const BEFORE_FIX = VERSIONS.filter((name) => name !== 'v7.1');

export const mmioOverPresent: Scenario = {
  name: 'mmio-over-present',
  question: 'Can an MMIO SPTE replace a present one that the reverse map still knows?',
  doc:
    "CPU0 is the host's userspace: it points a guest PTE at a frame without a memslot, by a write that KVM does not " +
    'track. CPU1 faults on the page, whose SPTE still maps what the entry was.',
  sources: ['KVM-MMU.md C26, A7', 'aad885e77496 (v7.0)'],
  sites: [
    sites.pageFaultStale,
    sites.gpteChangedTop,
    sites.gpteChangedAfterAccount,
    sites.pageFaultUnlock,
    sites.getChildSpKeep,
    sites.mmioSpteOrder,
    sites.flushTlbsDirty,
  ],
  proposals: VERSIONS.map((name) => versions[name]),
  bugs: [{ id: 'C26', buggy: 'v6.12', fixed: 'v7.1' }],
  expectations: [
    {
      proposals: BEFORE_FIX,
      verdicts: EVERYWHERE,
      because:
        'C26: the MMIO SPTE is stored over the present one, whose rmap entry stays, and nobody flushes',
    },
    {
      proposals: ['v7.1'],
      verdicts: SAFE,
      because: 'aad885e77496: the present SPTE is dropped and flushed before the MMIO SPTE takes its place',
    },
  ],
  world() {
    const kvm = shadowed([OTHER_DATA]);
    const [, vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: "CPU0 (host's userspace)",
          body: () => copyToUser(kvm.guest.pte(PTE.gfn, PTE.index), TO_DATA_B),
        },
        {
          name: 'CPU1 (page fault)',
          body: () => pageFault(vcpu, ROOT, PAGE),
        },
      ],
      properties: [rmapConsistent(kvm)],
    };
  },
};
