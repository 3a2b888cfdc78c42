import type { Scenario } from 'fencepost';
import { harvest } from '../../models/dirty-log/dirty-log.ts';
import { cmpxchgGuestPage } from '../../models/dirty-log/locked-write.ts';
import { dirtyNotLost } from '../../models/properties/dirty-not-lost.ts';
import { cmpxchgMarkedOnSuccess, cmpxchgUnmarked } from '../../models/proposals/dirty-log.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/index.ts';
import { loggedVm, PROTECTED_FOR_LOG } from '../../models/worlds/logged.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const UNMARKED = ['v6.3', 'v6.6'];
/** What the page holds at first. */
const OLD = 0;

export const lockedWriteVsHarvest: Scenario = {
  name: 'locked-write-vs-harvest',
  question: 'Can a migration lose what an emulated locked cmpxchg has written?',
  doc:
    'CPU0 emulates a locked cmpxchg, which succeeds: KVM carries it out on the user mapping. CPU1 harvests the bitmap, and ' +
    'userspace copies the page. The SPTE plays no part: it is protected all the time.',
  sources: ['KVM-MMU.md A16, P20', '910c57dfa4d1 (v6.8 or v6.9, stable v6.1)'],
  sites: [sites.cmpxchgDirty, sites.dirtyLogFlush, sites.dirtyLogBitmap, sites.flushTlbsDirty],
  proposals: [...VERSIONS.map((name) => versions[name]), cmpxchgUnmarked, cmpxchgMarkedOnSuccess],
  protocols: ['P20'],
  mutants: [cmpxchgUnmarked.name],
  equivalents: [cmpxchgMarkedOnSuccess.name],
  expectations: [
    {
      proposals: [...UNMARKED, cmpxchgUnmarked.name],
      verdicts: EVERYWHERE,
      because: '910c57dfa4d1: the page is written and nobody marks it, whatever the order of the two',
    },
    {
      proposals: [...VERSIONS.filter((name) => !UNMARKED.includes(name)), cmpxchgMarkedOnSuccess.name],
      verdicts: SAFE,
      because:
        'P20: the cmpxchg succeeds and is a full fence, under LKMM too, so whoever takes the bit finds the data; a page that ' +
        'is marked for nothing is copied once more',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(PROTECTED_FOR_LOG, 0);
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated cmpxchg)', body: () => cmpxchgGuestPage(page, OLD, 1) },
        { name: 'CPU1 (GET_DIRTY_LOG)', body: () => harvest(kvm, page, 'write protection') },
      ],
      properties: [dirtyNotLost(page)],
    };
  },
};
