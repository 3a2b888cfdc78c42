import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { noReread, noWriteProtect, noWriterFence } from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import {
  PAGE,
  PDE,
  ROOT,
  TO_PAGE_TABLE_B,
  underPassthroughRootMapped,
} from '../../models/worlds/page-directory.ts';
import { tdpWriteProtectTest } from '../../models/sites/index.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { PROTOCOL_SITES } from './sites.ts';

/**
 * The founding question where the page directory is mapped writable. The flush is a fence under LKMM too:
 * smp_mb__before_atomic() stands before a cmpxchg that fails here, since nobody is in guest mode, and a
 * failed cmpxchg orders nothing; but the next vCPU's set_bit() is an atomic behind that same barrier.
 */
export const emulatedWriteVsFirstFaultMapped: Scenario = {
  name: 'emulated-write-vs-first-fault-mapped',
  question: "Does the flush that write protection may need stand in for the fault's fence?",
  doc:
    'The world of emulated-write-vs-first-fault, but an SPTE of the direct MMU maps the page directory ' +
    'writable, so account_shadowed() clears its W and flushes all TLBs before the entry is re-read. ' +
    'Both vCPUs are outside guest mode.',
  sources: ['KVM-MMU.md P01 (accidental fences), A6, A13', 'KVM-MMU.md P18'],
  sites: [...PROTOCOL_SITES, tdpWriteProtectTest],
  proposals: [...P01_PROPOSALS, noWriterFence, noWriteProtect, noReread],
  protocols: ['P01', 'P07'],
  mutants: ['v6.10-once/no-writer-fence', 'v6.10-once/no-write-protect', 'v6.10-once/no-reread'],
  expectations: [
    {
      proposals: ['v6.6', 'fault-fence-only', 'v6.10-once/no-writer-fence'],
      verdicts: REORDERED,
      because:
        "C01 (a): the writer's store may still wait when it reads the gate; nothing on the fault's side helps",
    },
    {
      proposals: ['v6.3', 'lock-removal'],
      verdicts: { ...SAFE, 'lkmm-marked': 'violated', lkmm: 'violated' },
      because:
        'x86: srcu_read_lock() contains a full barrier and so does the flush. LKMM: srcu_read_lock() orders nothing, ' +
        'so C01 (a) remains',
    },
    {
      proposals: ['writer-fence-only'],
      verdicts: SAFE,
      because:
        "the flush is the fault's fence: LOCKed set_bit() and cmpxchg() on x86; smp_mb__before_atomic() with a later " +
        'atomic under LKMM. The gate is marked',
    },
    {
      proposals: ['v2-2024', 'rfc-2023', 'v6.10'],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        "the writer's smp_mb() and the flush, wherever the fault's own fence stands; but LKMM promises nothing about " +
        'the plain read of the gate',
    },
    {
      proposals: ['v6.10-once'],
      verdicts: SAFE,
      because: 'fences on both sides and a marked gate',
    },
    {
      proposals: ['v6.10-once/no-write-protect'],
      verdicts: REORDERED,
      because: 'without the flush and without its own fence the fault is unordered again: C01 (b)',
    },
    {
      proposals: ['v6.10-once/no-reread'],
      verdicts: EVERYWHERE,
      because: 'P07: the emulated write can come between the re-read at the top of fetch and the increment',
    },
  ],
  world() {
    const kvm = underPassthroughRootMapped();
    const [writer, faulter] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, PDE, TO_PAGE_TABLE_B) },
        {
          name: 'CPU1 (page fault)',
          body: () => pageFault(faulter, ROOT, PAGE),
        },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm)],
    };
  },
};
