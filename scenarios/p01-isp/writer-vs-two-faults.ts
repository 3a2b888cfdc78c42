import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { faultKeepsLock, noFaultFence, noReread } from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { NOT_PRESENT, PAGE, PDE, ROOT, underPassthroughRoot } from '../../models/worlds/page-directory.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { TWO_FAULT_SITES } from './sites.ts';

/**
 * The founding question with two vCPUs that fault on the same page under one root (C30). The write clears the
 * entry. Were it to point it at another table, a fault between the store and the zap would build below the old
 * shadow page, which is another bug: repointed-table-vs-two-faults.
 */
export const writerVsTwoFaults: Scenario = {
  name: 'writer-vs-two-faults',
  question: 'Does a second fault, which finds the shadow pages of the first, open or close the window?',
  doc:
    'The world of emulated-write-vs-first-fault with a second vCPU that shares the root and faults on the same page, and a write that clears the entry. The ' +
    'later of the two finds what the earlier has built.',
  sources: ['KVM-MMU.md P01, P07, C01, C30', 'mail 003'],
  sites: TWO_FAULT_SITES,
  proposals: [...P01_PROPOSALS, faultKeepsLock, noFaultFence, noReread],
  protocols: ['P01', 'P07'],
  mutants: ['v6.10-once/fault-keeps-lock', 'v6.10-once/no-fault-fence', 'v6.10-once/no-reread'],
  expectations: [
    {
      proposals: [
        'v6.3',
        'v6.6',
        'lock-removal',
        'writer-fence-only',
        'fault-fence-only',
        'v2-2024',
        'v6.10-once/no-fault-fence',
      ],
      verdicts: REORDERED,
      because:
        'the two-thread race of emulated-write-vs-first-fault is in here: let the other fault come last; it finds the ' +
        'SPTE present and keeps it',
    },
    {
      proposals: ['rfc-2023', 'v6.10'],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        "the count rises once, and whoever raises it is ordered against the writer; LKMM's plain gate is void as with one fault",
    },
    {
      proposals: ['v6.10-once'],
      verdicts: SAFE,
      because:
        'the count rises once, and whoever raises it is ordered against the writer; the other re-reads the entry in a ' +
        'later section of mmu_lock',
    },
    {
      proposals: ['v6.10-once/no-reread'],
      verdicts: EVERYWHERE,
      because:
        'P07, C30: the emulated write can come between the re-read at the top of fetch and the increment',
    },
    {
      proposals: ['v6.10-once/fault-keeps-lock'],
      verdicts: EVERYWHERE,
      because: 'a path that ends with mmu_lock held breaks lock-discipline, and the others wait for ever',
    },
  ],
  world() {
    const kvm = underPassthroughRoot(3);
    const [writer, first, second] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, PDE, NOT_PRESENT) },
        {
          name: 'CPU1 (page fault)',
          body: () => pageFault(first, ROOT, PAGE),
        },
        {
          name: 'CPU2 (page fault)',
          body: () => pageFault(second, ROOT, PAGE),
        },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm)],
    };
  },
};
