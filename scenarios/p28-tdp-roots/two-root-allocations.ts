import type { Scenario } from 'fencepost';
import { oneRootPerRole } from '../../models/properties/one-root-per-role.ts';
import { rootAllocUnchecked, rootAllocUnlocked } from '../../models/proposals/tdp-roots.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { tdpRootLastPut } from '../../models/sites/roots.ts';
import * as sites from '../../models/sites/tdp-roots.ts';
import { kvmTdpMmuAllocRoot } from '../../models/tdp/alloc-root.ts';
import { TdpMmu } from '../../models/tdp/tdp-mmu.ts';
import { Kvm } from '../../models/vm/kvm.ts';
import { ORDINARY_ROOT } from '../../models/worlds/page-directory.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const ROLE = { ...ORDINARY_ROOT, direct: true };

export const twoRootAllocations: Scenario = {
  name: 'two-root-allocations',
  question: 'Do two vCPUs that allocate a TDP MMU root at a time get the same one?',
  doc:
    'No root is in the list. Two vCPUs of the same role look for one, under mmu_lock held for read (for write until v6.8), ' +
    'and each adds one of its own under tdp_mmu_pages_lock if there is still none.',
  sources: ['KVM-MMU.md A10, A15, P28'],
  sites: [
    tdpRootLastPut,
    sites.rootReuse,
    sites.rootAllocMmuLock,
    sites.rootAllocLock,
    sites.rootAllocRecheck,
    sites.nextRootOrder,
    sites.getRoot,
  ],
  proposals: [versions['v6.6'], versions['v6.10'], versions['v7.1'], rootAllocUnlocked, rootAllocUnchecked],
  protocols: ['P28'],
  mutants: [rootAllocUnlocked.name, rootAllocUnchecked.name],
  expectations: [
    {
      proposals: ['v6.6'],
      verdicts: SAFE,
      because: 'A10: mmu_lock is held for write from the look until the root is in the list',
    },
    {
      proposals: ['v6.10', 'v7.1'],
      verdicts: SAFE,
      because: 'A10: who takes tdp_mmu_pages_lock second finds the root that the first has added',
    },
    {
      proposals: [rootAllocUnlocked.name, rootAllocUnchecked.name],
      verdicts: EVERYWHERE,
      because: 'A10: both have seen an empty list, and each adds a root, which the other does not know of',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 0, guestPages: [], guestRoot: 0 });
    const tdp = new TdpMmu(kvm);
    return {
      memory: kvm.memory,
      threads: [0, 1].map((cpu) => ({
        name: `CPU${cpu} (vCPU${cpu})`,
        *body() {
          yield* kvmTdpMmuAllocRoot(tdp, ROLE, tdp.tree.root(cpu));
        },
      })),
      properties: [oneRootPerRole(tdp, 2)],
    };
  },
};
