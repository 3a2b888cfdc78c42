import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { noFaultFence, noIncrement, noReread, noWriterFence } from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS, v6_10Marked } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import {
  PAGE,
  PDE,
  ROOT,
  TO_PAGE_TABLE_B,
  underPassthroughRoot,
} from '../../models/worlds/page-directory.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { PROTOCOL_SITES } from './sites.ts';

/**
 * The founding question. The written guest PTE is the page-directory entry, because the page directory is
 * the table whose shadow page makes the 0 -> 1 transition: between that increment and the re-read of the
 * entry there is nothing but the fence under test. A PTE of the level below would be shielded by the
 * second account_shadowed(), whose fence stands behind the first increment wherever it is placed.
 * The entry goes from one page table to another, so that stale and fresh translations differ in the page
 * they reach, and both walks have two levels.
 */
export const emulatedWriteVsFirstFault: Scenario = {
  name: 'emulated-write-vs-first-fault',
  question:
    'Can kvm_mmu_track_write() miss the fault that creates the first shadow page, and leave its SPTE stale?',
  doc:
    'Nested NPT on a host with one paging level more: the loaded root has role.passthrough, so it is not ' +
    'counted and indirect_shadow_pages is still 0 inside FNAME(fetch). CPU0 emulates a write to the ' +
    "guest's page-directory entry while CPU1 handles the first fault below it. No SPTE maps the " +
    'page directory, so write protection changes nothing and flushes nothing.',
  sources: ['KVM-MMU.md P01, C01, A3, A6, A16', 'mail 003', '226d9b8f1688 (v6.10)'],
  sites: PROTOCOL_SITES,
  proposals: [...P01_PROPOSALS, noWriterFence, noFaultFence, noReread, noIncrement, v6_10Marked],
  protocols: ['P01', 'P07'],
  bugs: [{ id: 'C01', buggy: 'v6.6', fixed: 'v6.10-once' }],
  mutants: [
    'v6.10-once/no-writer-fence',
    'v6.10-once/no-fault-fence',
    'v6.10-once/no-reread',
    'v6.10-once/no-increment',
  ],
  expectations: [
    {
      proposals: ['v6.6'],
      verdicts: REORDERED,
      because:
        'store buffering without a fence on either side: both stores wait while both reads read the old value (C01)',
    },
    {
      proposals: ['v6.3', 'lock-removal', 'writer-fence-only', 'v6.10-once/no-fault-fence'],
      verdicts: REORDERED,
      because:
        "C01 (b): the fault's indirect_shadow_pages++ is still in its store buffer when the entry is re-read; a " +
        "fence of the writer does not help. x86: loads may pass older stores (SDM volume 3, 9.2.3.4); LKMM: herd7's " +
        'miniature with the other fence alone. srcu_read_lock() orders nothing under LKMM',
    },
    {
      proposals: ['fault-fence-only', 'v6.10-once/no-writer-fence'],
      verdicts: REORDERED,
      because:
        "C01 (a): the writer's store is still in its store buffer when it reads the gate; nothing on the fault's side helps",
    },
    {
      proposals: ['v2-2024'],
      verdicts: REORDERED,
      because:
        'a fence before the increment does not order it against the later re-read, so C01 (b) remains: ' +
        'version 3 of the patch moved the fence for this reason',
    },
    {
      proposals: ['rfc-2023', 'v6.10'],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'store buffering with full fences on both sides is forbidden; but LKMM promises nothing about a plain read ' +
        'that races: herd7 on the miniature with a plain gate says Sometimes, with a data race',
    },
    {
      proposals: ['v6.10-once'],
      verdicts: SAFE,
      because: 'full fences on both sides, and marked accesses: herd7 on the miniature says Never',
    },
    {
      proposals: ['v6.10-marked'],
      verdicts: SAFE,
      because:
        'a marked write orders at least what the plain one did; with both accesses of the gate marked LKMM calls nothing a race',
    },
    {
      proposals: ['v6.10-once/no-reread'],
      verdicts: EVERYWHERE,
      because:
        'P07: the whole emulated write can come between the re-read at the top of fetch and the increment; ' +
        'its gate reads 0, and nobody looks at the entry again',
    },
    {
      proposals: ['v6.10-once/no-increment'],
      verdicts: EVERYWHERE,
      because:
        'the gate reads 0 for ever, so a write after the fault zaps nothing; the count is wrong as well',
    },
  ],
  world() {
    const kvm = underPassthroughRoot();
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
