import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import {
  noWriteReread,
  noWriterFence,
  writeKeepsSpte,
  writeWithoutLock,
} from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import {
  NOT_PRESENT,
  PAGE,
  PDE,
  ROOT,
  TO_PAGE_TABLE_B,
  underPassthroughRoot,
} from '../../models/worlds/page-directory.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { PROTOCOL_SITES } from './sites.ts';

/** The founding question with two writers of one entry, whose zaps may come in either order (C34). */
export const twoWritersVsFault: Scenario = {
  name: 'two-writers-vs-fault',
  question: 'Do two emulated writes of one guest PTE converge with the fault that shadows it?',
  doc:
    'The world of emulated-write-vs-first-fault with a second writer: CPU0 makes the page-directory entry point at ' +
    'another page table, CPU1 clears it, CPU2 handles the first fault below it.',
  sources: ['KVM-MMU.md P01, C01, C34', 'mail 003'],
  sites: PROTOCOL_SITES,
  proposals: [...P01_PROPOSALS, noWriteReread, noWriterFence, writeKeepsSpte, writeWithoutLock],
  protocols: ['P01'],
  mutants: ['v6.10-once/no-writer-fence', 'v6.10-once/write-keeps-spte', 'v6.10-once/write-without-lock'],
  equivalents: ['v6.10-once/no-write-reread'],
  expectations: [
    {
      proposals: [
        'v6.3',
        'v6.6',
        'lock-removal',
        'writer-fence-only',
        'fault-fence-only',
        'v2-2024',
        'v6.10-once/no-writer-fence',
      ],
      verdicts: REORDERED,
      because:
        'the two-thread race of emulated-write-vs-first-fault is in here: let the other writer be done before it begins',
    },
    {
      proposals: ['rfc-2023', 'v6.10'],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        "each writer is ordered against the fault by itself; LKMM's plain gate is void as with one writer",
    },
    {
      proposals: ['v6.10-once'],
      verdicts: SAFE,
      because:
        'each writer is ordered against the fault by itself, and what comes later under mmu_lock zaps whatever value it finds',
    },
    {
      proposals: ['v6.10-once/no-write-reread'],
      verdicts: SAFE,
      because:
        'an equivalent mutant: kvm_mmu_track_write() zaps and does not install, so the value read again is used for ' +
        'nothing that matters; in 2018, when it did install, leaving it out was C34',
    },
    {
      proposals: ['v6.10-once/write-keeps-spte'],
      verdicts: EVERYWHERE,
      because: 'a writer behind the fault passes the gate and leaves the SPTE as it was',
    },
    {
      proposals: ['v6.10-once/write-without-lock'],
      verdicts: EVERYWHERE,
      because: 'the hash of shadow pages is guarded by mmu_lock (lock-discipline)',
    },
  ],
  world() {
    const kvm = underPassthroughRoot(3);
    const [writer, eraser, faulter] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, PDE, TO_PAGE_TABLE_B) },
        { name: 'CPU1 (emulated write)', body: () => emulatorWritePhys(eraser, PDE, NOT_PRESENT) },
        {
          name: 'CPU2 (page fault)',
          body: () => pageFault(faulter, ROOT, PAGE),
        },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm)],
    };
  },
};
