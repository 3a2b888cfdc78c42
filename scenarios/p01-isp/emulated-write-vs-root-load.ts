import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import { noTopReread, noWriterFence } from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { loadRootAndRun } from '../../models/roots/load-and-enter.ts';
import { PAGE, PDE, TO_PAGE_TABLE_B, withoutRoot } from '../../models/worlds/page-directory.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { ENTRY_SITES, ROOT_LOAD_SITES } from '../p02-requests/sites.ts';
import { PROTOCOL_SITES } from './sites.ts';

/**
 * The founding question in the common world. The increment and the re-read lie far apart here: the root is
 * accounted in one section of mmu_lock, the fault runs in a later one, and the vCPU enters the guest in
 * between.
 *
 * Under LKMM: guest entry has a full fence under every memory model, srcu_read_unlock() followed by
 * smp_mb__after_srcu_read_unlock(), so the increment is ordered before the re-read whatever
 * account_shadowed() does. The writer gets nothing of that kind. Its store and its gate need a fence that LKMM
 * knows, which srcu_read_lock() is not, and the gate must be marked, for a plain read that races is void.
 */
export const emulatedWriteVsRootLoad: Scenario = {
  name: 'emulated-write-vs-root-load',
  question: 'Where loading the root makes the 0 -> 1 transition, can the gate still miss it?',
  doc:
    'Shadow paging without a loaded root. CPU1 loads an ordinary root, which shadows the page directory and is ' +
    'counted, enters the guest, and handles the first fault below it. CPU0 emulates a write to the ' +
    'page-directory entry.',
  sources: ['KVM-MMU.md P01, P02, A10, A13, G5 row 1b'],
  sites: [...PROTOCOL_SITES, ...ENTRY_SITES, ...ROOT_LOAD_SITES],
  proposals: [...P01_PROPOSALS, noWriterFence, noTopReread],
  protocols: ['P01', 'P07'],
  bugs: [{ id: 'C30', buggy: 'v6.10-once/no-top-reread', fixed: 'v6.10-once' }],
  mutants: ['v6.10-once/no-writer-fence', 'v6.10-once/no-top-reread'],
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
        'x86: srcu_read_lock() fences the writer, LOCKed operations and the entry fence the fault. LKMM: ' +
        'srcu_read_lock() orders nothing, so C01 (a) remains',
    },
    {
      proposals: ['writer-fence-only'],
      verdicts: SAFE,
      because:
        "the guest entry is the fault's fence under every memory model (P02), the writer has smp_mb(), the gate is marked",
    },
    {
      proposals: ['v2-2024', 'rfc-2023', 'v6.10'],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        "the writer's smp_mb() and the guest entry, wherever the fault's own fence stands; but LKMM promises nothing " +
        'about the plain read of the gate',
    },
    {
      proposals: ['v6.10-once'],
      verdicts: SAFE,
      because: 'fences on both sides and a marked gate',
    },
    {
      proposals: ['v6.10-once/no-top-reread'],
      verdicts: EVERYWHERE,
      because:
        'C30: between walk_addr and mmu_lock the writer passes the gate and finds nothing to zap; without the ' +
        're-read the fault links what it had walked',
    },
  ],
  world() {
    const kvm = withoutRoot();
    const [writer, loader] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, PDE, TO_PAGE_TABLE_B) },
        { name: 'CPU1 (root load, fault)', body: () => loadRootAndRun(loader, PAGE) },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm)],
    };
  },
};
