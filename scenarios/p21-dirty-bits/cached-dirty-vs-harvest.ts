import type { Scenario } from 'fencepost';
import { harvest } from '../../models/dirty-log/dirty-log.ts';
import { writeLogged } from '../../models/dirty-log/logged-vcpu.ts';
import { dirtyNotLost } from '../../models/properties/dirty-not-lost.ts';
import { fencedFlush, noHarvestFlush } from '../../models/proposals/dirty-log.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/dirty-log.ts';
import { loggedVm, WRITABLE } from '../../models/worlds/logged.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, PLAIN_MODE, WEAK } from '../verdicts.ts';

export const cachedDirtyVsHarvest: Scenario = {
  name: 'cached-dirty-vs-harvest',
  question: 'Can the guest write unlogged through a translation that holds D while the log clears it?',
  doc:
    'The log goes by D bits (PML). The page is dirty and its bit is set. On CPU0 the guest writes to it twice, leaving ' +
    'in between; where the hardware sets D, the page is logged at the exit. CPU1 harvests: it clears D and flushes; ' +
    'then userspace copies the page.',
  sources: ['KVM-MMU.md P21', 'SDM volume 3, 4.8: a cached D lets later writes skip the update in memory'],
  sites: [sites.dirtyLogFlush, sites.dirtyLogBitmap, ...ENTRY_AND_KICK_SITES],
  proposals: [...VERSIONS.map((name) => versions[name]), fencedFlush, noHarvestFlush],
  protocols: ['P21'],
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
      proposals: VERSIONS.filter((name) => name !== 'v5.14'),
      verdicts: WEAK,
      because:
        'P21: the flush comes before the copy, so that later writes set D, and are logged, again' +
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
      proposals: ['v7.1/no-harvest-flush'],
      verdicts: EVERYWHERE,
      because: 'P21: the guest holds D and writes after userspace has copied the page, and nothing logs that',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(WRITABLE, 1);
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          *body() {
            yield* writeLogged(vcpu, page, 1);
            yield* writeLogged(vcpu, page, 2);
          },
        },
        { name: 'CPU1 (GET_DIRTY_LOG)', body: () => harvest(kvm, page, 'D bits') },
      ],
      properties: [dirtyNotLost(page)],
    };
  },
};
