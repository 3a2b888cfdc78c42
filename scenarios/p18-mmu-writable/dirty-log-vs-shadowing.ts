import type { Scenario, Steps } from 'fencepost';
import { PG_LEVEL_4K } from 'fencepost/mmu';
import { runGuest } from '../../models/entry/guest-entry.ts';
import { hardwareWalk } from '../../models/processor/hardware.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { KERNELS, tdpProtectWritableOnly } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { tablesProtected } from '../../models/properties/tables-protected.ts';
import { writeThrough } from '../../models/processor/shadow-guest.ts';
import * as sites from '../../models/sites/index.ts';
import {
  DIRECT_SP,
  PAGE,
  PAGE_DIRECTORY,
  PDE,
  ROOT,
  TO_PAGE_TABLE_B,
  underPassthroughRootMapped,
} from '../../models/worlds/page-directory.ts';
import { slotRemoveWriteAccess } from '../../models/shadow/write-protect.ts';
import { FAULT_SITES } from '../p05-unsync/sites.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { ACCOUNT_SITES } from '../p01-isp/sites.ts';
import { EVERYWHERE, PLAIN_MODE } from '../verdicts.ts';

const BUGGY = ['v5.14'];

/** L1 writes an entry of its nested page directory, by a translation that may be older than the protection. */
function* writeEntry(vcpu: Vcpu): Steps {
  yield* runGuest(vcpu, function* () {
    const held = yield* hardwareWalk(vcpu.kvm, DIRECT_SP, PG_LEVEL_4K, PAGE_DIRECTORY);
    yield* writeThrough(vcpu, held, PDE.index, TO_PAGE_TABLE_B);
  });
}

export const dirtyLogVsShadowing: Scenario = {
  name: 'dirty-log-vs-shadowing',
  question: 'Is a table protected whose SPTE has lost W to dirty logging before?',
  doc:
    'Nested NPT: the TDP MMU maps the memory of L1, and with it the page directory that L1 made for L2. CPU0 faults for ' +
    'L2 and shadows that directory, so it must be write-protected; CPU1 is L1 and writes an entry of it, by a TLB entry ' +
    'that may be older. CPU2 clears W for dirty logging, and flushes only after it has dropped mmu_lock.',
  sources: ['KVM-MMU.md A6, P18, C05, G5 6', '7c8a4742c4ab (v5.17, stable v5.15)'],
  protocols: ['P18'],
  bugs: [{ id: 'C05', buggy: 'v5.14', fixed: 'v5.15' }],
  mutants: [tdpProtectWritableOnly.name],
  sites: [...FAULT_SITES, ...ACCOUNT_SITES, sites.tdpWriteProtectTest, ...ENTRY_AND_KICK_SITES],
  proposals: [...KERNELS, tdpProtectWritableOnly],
  expectations: [
    {
      proposals: [...BUGGY, tdpProtectWritableOnly.name],
      verdicts: EVERYWHERE,
      because:
        '7c8a4742c4ab: W is clear, so the SPTE counts as protected and no flush is asked for; a TLB may hold W',
    },
    {
      proposals: KERNELS.map(({ name }) => name).filter((name) => !BUGGY.includes(name)),
      verdicts: PLAIN_MODE,
      because:
        'MMU-writable is what write protection for shadow paging tests and clears, and dirty logging leaves it. The ' +
        'plain store of vcpu->mode is void under LKMM',
    },
  ],
  world() {
    const kvm = underPassthroughRootMapped();
    const [l1, l2] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (page fault of L2)',
          body: () => pageFault(l2, ROOT, PAGE),
        },
        { name: 'CPU1 (L1 writes an entry)', body: () => writeEntry(l1) },
        { name: 'CPU2 (dirty logging)', body: () => slotRemoveWriteAccess(kvm, PAGE_DIRECTORY) },
      ],
      properties: [noStaleSpte(kvm), tablesProtected(kvm)],
    };
  },
};
