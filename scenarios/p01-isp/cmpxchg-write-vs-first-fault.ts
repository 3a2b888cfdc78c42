import type { Scenario } from 'fencepost';
import { emulatorCmpxchgEmulated } from '../../models/shadow/emulated-write.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { noFaultFence, noReread, weakFaultFence } from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import {
  PAGE,
  PDE,
  ROOT,
  TO_PAGE_TABLE_A,
  TO_PAGE_TABLE_B,
  underPassthroughRoot,
} from '../../models/worlds/page-directory.ts';
import { cmpxchgDirty, cmpxchgEmulated } from '../../models/sites/index.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { PROTOCOL_SITES } from './sites.ts';

/** The founding question for the other way to emulate a write: `lock cmpxchg` on guest memory. */
export const cmpxchgWriteVsFirstFault: Scenario = {
  name: 'cmpxchg-write-vs-first-fault',
  question: 'Does the LOCK prefix of an emulated cmpxchg make a fence before the gate unnecessary?',
  doc:
    'The world of emulated-write-vs-first-fault, but the guest changes its page-directory entry with a locked ' +
    'cmpxchg, which succeeds. It fences the writer; the fault has to fence itself.',
  sources: ['KVM-MMU.md P01 (accidental fences), A16', 'daea3e73cb4a'],
  sites: [...PROTOCOL_SITES, cmpxchgEmulated, cmpxchgDirty],
  proposals: [...P01_PROPOSALS, noFaultFence, weakFaultFence, noReread],
  protocols: ['P01', 'P07'],
  mutants: ['v6.10-once/no-fault-fence', 'v6.10-once/weak-fault-fence', 'v6.10-once/no-reread'],
  expectations: [
    {
      proposals: [
        'v6.3',
        'v6.6',
        'lock-removal',
        'writer-fence-only',
        'v6.10-once/no-fault-fence',
        'v6.10-once/weak-fault-fence',
      ],
      verdicts: REORDERED,
      because:
        "C01 (b): the fault's increment may still wait while the entry is re-read, and what fences the writer does " +
        'not help; smp_wmb() is a compiler barrier on x86 and orders no read under LKMM',
    },
    {
      proposals: ['v2-2024'],
      verdicts: REORDERED,
      because: 'a fence before the increment does not order it against the later re-read',
    },
    {
      proposals: ['fault-fence-only'],
      verdicts: SAFE,
      because:
        "the writer's fence is the cmpxchg: LOCKed instructions order everything on x86 (SDM volume 3, 9.2.3.9), and " +
        'a successful cmpxchg() is fully ordered under LKMM',
    },
    {
      proposals: ['rfc-2023', 'v6.10'],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'fences on both sides; but LKMM promises nothing about the plain read of the gate, which races with the increment',
    },
    {
      proposals: ['v6.10-once'],
      verdicts: SAFE,
      because: 'fences on both sides and a marked gate',
    },
    {
      proposals: ['v6.10-once/no-reread'],
      verdicts: EVERYWHERE,
      because: 'P07: the emulated write can come between the re-read at the top of fetch and the increment',
    },
  ],
  world() {
    const kvm = underPassthroughRoot();
    const [writer, faulter] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (emulated cmpxchg)',
          body: () => emulatorCmpxchgEmulated(writer, PDE, TO_PAGE_TABLE_A, TO_PAGE_TABLE_B),
        },
        {
          name: 'CPU1 (page fault)',
          body: () => pageFault(faulter, ROOT, PAGE),
        },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm)],
    };
  },
};
