import { Memory, type Scenario } from 'fencepost';
import {
  GPTE_NEW,
  guestStore,
  migrateFrame,
  updateAccessedDirtyBits,
  updatedGpte,
} from '../../models/fault/gpte-update.ts';
import { updateByStore } from '../../models/proposals/guest-pte-update.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { gpteUpdateHow, gpteUpdateThrough } from '../../models/sites/guest-pte-update.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const FIXED = VERSIONS.filter((name) => name !== 'v5.14');

export const accessedBitVsGuestStore: Scenario = {
  name: 'accessed-bit-vs-guest-store',
  question: 'Can KVM lose a store of the guest when it sets A in a guest PTE?',
  doc: 'CPU0 handles a fault and sets A in the guest PTE that it has walked; on CPU1 the guest stores another entry.',
  sources: ['KVM-MMU.md A2, P39'],
  sites: [gpteUpdateHow, gpteUpdateThrough],
  proposals: [versions['v5.14'], versions['v7.1'], updateByStore],
  protocols: ['P39'],
  mutants: ['v7.1/gpte-update-by-store'],
  expectations: [
    {
      proposals: ['v5.14', 'v7.1'],
      verdicts: SAFE,
      because: 'P39: the cmpxchg fails if the guest PTE is no longer what was walked',
    },
    {
      proposals: ['v7.1/gpte-update-by-store'],
      verdicts: EVERYWHERE,
      because: 'P39: the old entry comes back over the store of the guest',
    },
  ],
  world() {
    const memory = new Memory();
    const vm = updatedGpte(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => updateAccessedDirtyBits(vm) },
        { name: 'CPU1 (guest)', body: () => guestStore(vm) },
      ],
      properties: [
        {
          name: 'no-lost-store',
          doc: 'what the guest has stored last stands in the guest PTE',
          check: (final) =>
            final.value(vm.gpte[0]) === GPTE_NEW ? undefined : 'the store of the guest is lost',
        },
      ],
    };
  },
};

export const accessedBitVsMigration: Scenario = {
  ...accessedBitVsGuestStore,
  name: 'accessed-bit-vs-migration',
  question: 'Can KVM set A in a page that the host has taken away?',
  doc: 'CPU0 handles a fault and sets A in the guest PTE that it has walked; on CPU1 the host moves the page elsewhere.',
  sources: ['KVM-MMU.md P39, C20', '2a8859f373b0 (v5.18, stable v5.15)'],
  proposals: VERSIONS.map((name) => versions[name]),
  bugs: [{ id: 'C20', buggy: 'v5.14', fixed: 'v5.15' }],
  mutants: ['v5.14'],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: EVERYWHERE,
      because: 'C20: a frame that was looked up before is mapped and written, and nobody keeps it there',
    },
    {
      proposals: FIXED,
      verdicts: SAFE,
      because:
        '2a8859f373b0: the access goes through the user address, so it is done in the page that is mapped',
    },
  ],
  world() {
    const memory = new Memory();
    const vm = updatedGpte(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => updateAccessedDirtyBits(vm) },
        { name: 'CPU1 (host)', body: () => migrateFrame(vm) },
      ],
      properties: [],
    };
  },
};
