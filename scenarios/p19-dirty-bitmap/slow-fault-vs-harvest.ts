import type { Scenario } from 'fencepost';
import { harvest } from '../../models/dirty-log/dirty-log.ts';
import { mapAndWriteLogged } from '../../models/dirty-log/logged-vcpu.ts';
import { dirtyNotLost } from '../../models/properties/dirty-not-lost.ts';
import * as proposals from '../../models/proposals/dirty-log.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/dirty-log.ts';
import { loggedVm } from '../../models/worlds/logged.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, PLAIN_MODE, WEAK } from '../verdicts.ts';

const NOT_MAPPED = 0;
/** The bit of another page, so that the word is worth taking. */
const ANOTHER_PAGE = 0b10;

/** The first kernel and the last; what has changed between them is the remote flush. */
const KERNELS = ['v5.14', 'v7.1'] as const;

export const slowFaultVsHarvest: Scenario = {
  name: 'slow-fault-vs-harvest',
  question: 'Can a harvest of the dirty bitmap miss a page that a fault under mmu_lock is mapping?',
  doc:
    'The page is not mapped. On CPU0 the guest writes to it: the fault takes mmu_lock for read, sets the bit in ' +
    'make_spte(), and stores a writable SPTE. CPU1 harvests the word, in which another page has its bit set, protects and ' +
    'flushes, and then userspace copies the page.',
  sources: ['KVM-MMU.md A7, A17, P19'],
  sites: [
    sites.fastFaultDirty,
    sites.fastFaultStore,
    sites.dirtyLogFlush,
    sites.dirtyLogBitmap,
    ...ENTRY_AND_KICK_SITES,
  ],
  proposals: [...KERNELS.map((name) => versions[name]), proposals.fencedFlush, proposals.noHarvestFlush],
  protocols: ['P19'],
  mutants: ['v7.1/no-harvest-flush'],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: PLAIN_MODE,
      because:
        'KVM-MMU.md A13: v5.14 ends its flush by cmpxchg(&kvm->tlbs_dirty, 0, 0), which succeeds and so is a full fence before ' +
        'the copy. Under plain lkmm the plain store of vcpu->mode is void',
    },
    {
      proposals: ['v7.1'],
      verdicts: WEAK,
      because:
        'P19: the bit is set before the SPTE is stored, and the harvest holds mmu_lock for write, so it comes before both or ' +
        'after both. Under LKMM its flush may order nothing, as in fast-fault-vs-harvest',
    },
    {
      proposals: ['v7.1/fenced-flush'],
      verdicts: PLAIN_MODE,
      because:
        'the fence makes up for the failed cmpxchg(); but vcpu->mode is written plainly, and LKMM promises nothing about a ' +
        'plain write that races with that cmpxchg()',
    },
    {
      proposals: ['v7.1/no-harvest-flush'],
      verdicts: EVERYWHERE,
      because: 'P19: the guest goes on writing through its TLB after userspace has copied the page',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(NOT_MAPPED, ANOTHER_PAGE);
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => mapAndWriteLogged(vcpu, page, 1) },
        { name: 'CPU1 (GET_DIRTY_LOG)', body: () => harvest(kvm, page, 'write protection') },
      ],
      properties: [dirtyNotLost(page)],
    };
  },
};
