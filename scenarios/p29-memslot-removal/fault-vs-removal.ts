import type { Scenario } from 'fencepost';
import { isShadowPresentPte } from 'fencepost/mmu';
import {
  faultInSlot,
  MAPPED,
  MMIO_SPTE,
  removeSlot,
  slotVm,
  VALID_SLOT,
} from '../../models/memslots/memslots.ts';
import * as proposals from '../../models/proposals/memslots.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/memslots.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const faultVsRemoval: Scenario = {
  name: 'fault-vs-removal',
  question: 'Can a fault use a memslot, or map a page of it, after it has been removed?',
  doc:
    'The slot has one page, whose SPTE is not there yet. On CPU0 a direct fault finds the slot within an SRCU section ' +
    'and maps the page; on CPU1 userspace removes the slot: it is published as invalid, readers are waited for, SPTEs ' +
    'are zapped, memslots without it are published, readers are waited for, and it is freed.',
  sources: ['KVM-MMU.md A17, P29'],
  sites: [
    sites.faultInvalidSlot,
    sites.deleteWaitsForReaders,
    sites.freeWaitsForReaders,
    sites.deleteZaps,
    flushTlbsDirty,
  ],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    proposals.deleteWithoutWait,
    proposals.freeWithoutWait,
    proposals.deleteWithoutZap,
  ],
  protocols: ['P29'],
  mutants: ['v7.1/delete-without-wait', 'v7.1/free-without-wait', 'v7.1/delete-without-zap'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        'P29: who has found the valid slot is waited for before the zap, who has found the invalid one before the end',
    },
    {
      proposals: ['v7.1/delete-without-wait'],
      verdicts: EVERYWHERE,
      because: 'P29: a fault that has found the valid slot maps its page behind the zap',
    },
    {
      proposals: ['v7.1/free-without-wait'],
      verdicts: EVERYWHERE,
      because: 'P29: a fault that has found the invalid slot reads its flags when it is gone',
    },
    {
      proposals: ['v7.1/delete-without-zap'],
      verdicts: EVERYWHERE,
      because: 'P29: the SPTE that the fault has installed outlives the slot',
    },
  ],
  world() {
    const vm = slotVm(0, VALID_SLOT);
    return {
      memory: vm.kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => faultInSlot(vm) },
        { name: 'CPU1 (memslot ioctl)', body: () => removeSlot(vm) },
      ],
      properties: [
        {
          name: 'no-stale-spte',
          doc: 'no SPTE maps a page of a slot that was removed',
          check(final) {
            const spte = final.value(vm.sptep);
            const isMapped = spte !== MMIO_SPTE && isShadowPresentPte(spte);
            return isMapped ? `${vm.sptep.name} still maps a page of the removed slot` : undefined;
          },
        },
      ],
    };
  },
};

export const mmioFaultVsRemoval: Scenario = {
  ...faultVsRemoval,
  name: 'mmio-fault-vs-removal',
  question: 'Can an MMIO SPTE come over an SPTE that still maps a page of a slot that is being removed?',
  doc: 'The same as fault-vs-removal, with the page of the slot mapped: a fault that takes the invalid slot for none.',
  sources: ['KVM-MMU.md P29, C18', 'e0c378684b65 (v5.13)'],
  proposals: [...VERSIONS.map((name) => versions[name]), proposals.invalidAsNoSlot],
  bugs: [{ id: 'C18', buggy: 'v5.14/invalid-as-no-slot', fixed: 'v5.14' }],
  mutants: ['v5.14/invalid-as-no-slot'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        'e0c378684b65: a fault that finds an invalid slot is retried, until the slot is gone and its SPTEs with it',
    },
    {
      proposals: ['v5.14/invalid-as-no-slot'],
      verdicts: EVERYWHERE,
      because:
        'C18: between the invalid slot and the zap the old SPTE is still there, and the TDP MMU takes that for impossible',
    },
  ],
  world() {
    const vm = slotVm(MAPPED, VALID_SLOT);
    return {
      memory: vm.kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => faultInSlot(vm) },
        { name: 'CPU1 (memslot ioctl)', body: () => removeSlot(vm) },
      ],
      properties: [],
    };
  },
};
