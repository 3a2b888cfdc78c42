import { fail, type Scenario, type Steps } from 'fencepost';
import { isWritablePte } from 'fencepost/mmu';
import { hardwareWalk } from '../../models/processor/hardware.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { childAccessOfLastTable } from '../../models/proposals/c27.ts';
import { KERNELS } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import * as sites from '../../models/sites/index.ts';
import {
  READ_ONLY_PATH,
  ROOT,
  ROOT_LEVEL,
  sharedDirectory,
  TABLES,
  WRITABLE_PATH,
} from '../../models/worlds/shared-directory.ts';
import { FAULT_SITES } from '../p01-isp/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

/** Reads what is read-only by any path, and writes what is writable by this one. */
function* useWritablePath(vcpu: Vcpu): Steps {
  yield* pageFault(vcpu, ROOT, WRITABLE_PATH.readOnlyTable, {}, TABLES);
  yield* pageFault(vcpu, ROOT, WRITABLE_PATH.table, { write: true }, TABLES);
}

/** The same two pages by the other path; the hardware must not let the write through. */
function* useReadOnlyPath(vcpu: Vcpu): Steps {
  yield* pageFault(vcpu, ROOT, READ_ONLY_PATH.readOnlyTable, {}, TABLES);
  const held = yield* hardwareWalk(vcpu.kvm, ROOT, ROOT_LEVEL, READ_ONLY_PATH.table);
  if (held === undefined || !isWritablePte(held.spte.value)) return;
  yield* fail(
    'guest-translation-fresh',
    'the guest writes below an entry of its top table that is read-only',
  );
}

export const twoPathsToATable: Scenario = {
  name: 'two-paths-to-a-table',
  question: 'Does a page that is shadowed for one path serve another one with fewer rights?',
  doc:
    'Two vCPUs under one root of three levels. Two entries of the top table lead to one page directory, the second one ' +
    'read-only; below it are a page table that is read-only and one that is not. CPU0 uses both tables by the first ' +
    'entry, CPU1 the read-only table by the second entry, and then the hardware tries a write to the other one.',
  sources: ['KVM-MMU.md C35, A3, D5 (R1)', 'b1bd5cba3306 (v5.13)'],
  bugs: [{ id: 'C35', buggy: childAccessOfLastTable.name, fixed: 'v5.14' }],
  mutants: [childAccessOfLastTable.name],
  sites: [...FAULT_SITES, sites.getChildSpKeep, sites.childAccessFrom, sites.tryToUnsyncPublish],
  proposals: [...KERNELS, childAccessOfLastTable],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'b1bd5cba3306: the role of a page has the rights along its own path, so the two entries of the top table get two ' +
        'pages for the page directory',
    },
    {
      proposals: [childAccessOfLastTable.name],
      verdicts: EVERYWHERE,
      because:
        'C35: the page directory is shadowed for the rights of the read-only table on both paths, and is one page; what ' +
        'CPU0 has linked below it for writing, CPU1 finds there',
    },
  ],
  world() {
    const kvm = sharedDirectory();
    const [writes, reads] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (writable path)', body: () => useWritablePath(writes) },
        { name: 'CPU1 (read-only path)', body: () => useReadOnlyPath(reads) },
      ],
      properties: [noStaleSpte(kvm)],
    };
  },
};
