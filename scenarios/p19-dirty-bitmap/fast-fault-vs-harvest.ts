import type { Scenario } from 'fencepost';
import { harvest } from '../../models/dirty-log/dirty-log.ts';
import { writeLogged } from '../../models/dirty-log/logged-vcpu.ts';
import { dirtyNotLost } from '../../models/properties/dirty-not-lost.ts';
import * as proposals from '../../models/proposals/dirty-log.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/dirty-log.ts';
import { loggedVm, PROTECTED_FOR_LOG } from '../../models/worlds/logged.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, PLAIN_MODE, WEAK } from '../verdicts.ts';

/** The bit of another page, so that the word is worth taking. */
const ANOTHER_PAGE = 0b10;

export const fastFaultVsHarvest: Scenario = {
  name: 'fast-fault-vs-harvest',
  question: 'Can a harvest of the dirty bitmap miss a page that a fast page fault has just made writable?',
  doc:
    'The page is protected for the log, its bit is clear. On CPU0 the guest writes to it: a fast page fault makes the ' +
    'SPTE writable and sets the bit, without mmu_lock. CPU1 harvests the word, in which another page has its bit set, ' +
    'protects and flushes, and then userspace copies the page.',
  sources: ['KVM-MMU.md A15, A17, P17, P19'],
  sites: [
    sites.fastFaultDirty,
    sites.fastFaultStore,
    sites.dirtyLogFlush,
    sites.dirtyLogBitmap,
    ...ENTRY_AND_KICK_SITES,
  ],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    proposals.fencedFlush,
    proposals.dirtyBeforeW,
    proposals.noHarvestFlush,
    proposals.harvestNotAtomic,
  ],
  protocols: ['P19'],
  mutants: ['v7.1/dirty-before-w', 'v7.1/no-harvest-flush', 'v7.1/harvest-not-atomic'],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: PLAIN_MODE,
      because:
        'KVM-MMU.md A13: v5.14 ends its flush by cmpxchg(&kvm->tlbs_dirty, 0, 0), which succeeds and so is a full fence before ' +
        'the copy. Under plain lkmm the plain store of vcpu->mode is void',
    },
    {
      proposals: VERSIONS.filter((name) => name !== 'v5.14'),
      verdicts: WEAK,
      because:
        'P19: the bit is set once the SPTE is writable, so a harvest that takes the bit finds the SPTE to protect, and ' +
        'the flush waits for the guest before userspace copies' +
        '. Under LKMM a cmpxchg(&vcpu->mode) that finds the vCPU outside guest mode fails and orders nothing, so userspace may ' +
        'copy the page before it: our finding, docs/findings/flush-orders-nothing.md',
    },
    {
      proposals: ['v7.1/fenced-flush'],
      verdicts: PLAIN_MODE,
      because:
        'the fence makes up for the failed cmpxchg(); but vcpu->mode is written plainly, and LKMM promises nothing about a ' +
        'plain write that races with that cmpxchg()',
    },
    {
      proposals: ['v7.1/dirty-before-w'],
      verdicts: EVERYWHERE,
      because: 'P19, G4: the harvest takes the bit and finds nothing to protect; then W is set',
    },
    {
      proposals: ['v7.1/no-harvest-flush'],
      verdicts: EVERYWHERE,
      because: 'P19: the guest goes on writing through its TLB after userspace has copied the page',
    },
    {
      proposals: ['v7.1/harvest-not-atomic'],
      verdicts: EVERYWHERE,
      because: 'P19: a bit that is set between the read and the clear of its word is lost',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(PROTECTED_FOR_LOG, ANOTHER_PAGE);
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => writeLogged(vcpu, page, 1) },
        { name: 'CPU1 (GET_DIRTY_LOG)', body: () => harvest(kvm, page, 'write protection') },
      ],
      properties: [dirtyNotLost(page)],
    };
  },
};
