import type { Scenario } from 'fencepost';
import { Kvm } from '../../models/vm/kvm.ts';
import * as proposals from '../../models/proposals/small-protocols.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { age, ageSpte, dropLast, PRESENT, removeLast, rmap } from '../../models/shadow/rmap-lock.ts';
import * as sites from '../../models/sites/small-protocols.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

export const ageVsRemove: Scenario = {
  name: 'age-vs-remove',
  question: 'Can ageing without mmu_lock walk a list of the reverse map that has been freed?',
  doc:
    'On CPU0 the notifier ages a page without mmu_lock, holding the lock bit of its rmap head. On CPU1 the only SPTE in ' +
    'the rmap is removed under mmu_lock, and the list is freed.',
  sources: ['KVM-MMU.md P33', '4834eaded91e (v6.15)'],
  sites: [sites.rmapWriterLock, sites.rmapAgerLock, sites.rmapAgerUnlock],
  proposals: [
    versions['v7.1'],
    proposals.rmapUnlockedWriter,
    proposals.rmapUnlockedAger,
    proposals.rmapRelaxedAger,
    proposals.rmapOnceUnlock,
  ],
  protocols: ['P33'],
  mutants: ['v7.1/rmap-unlocked-writer', 'v7.1/rmap-unlocked-ager', 'v7.1/rmap-once-unlock'],
  equivalents: ['v7.1/rmap-relaxed-ager', 'v7.1/rmap-once-unlock'],
  expectations: [
    {
      proposals: ['v7.1'],
      verdicts: SAFE,
      because: 'P33: the lock bit is taken with acquire and given back with release, by both sides',
    },
    {
      proposals: ['v7.1/rmap-unlocked-writer', 'v7.1/rmap-unlocked-ager'],
      verdicts: EVERYWHERE,
      because: 'P33: a lock that one side does not take keeps nobody out',
    },
    {
      proposals: ['v7.1/rmap-relaxed-ager'],
      verdicts: SAFE,
      because:
        'the list is freed by one who has the lock bit and leaves no list, so whoever takes the bit afterwards finds ' +
        'nothing to walk: the acquire of the reader orders it after earlier changes of the list, of which there are none',
    },
    {
      proposals: ['v7.1/rmap-once-unlock'],
      verdicts: WEAK,
      because:
        'P33: without release what the ager reads of the list may come after the lock bit is given back',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
    const map = rmap(kvm.memory);
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (ageing)', body: () => age(map) },
        { name: 'CPU1 (mmu_lock holder)', body: () => removeLast(kvm, map) },
      ],
      properties: [],
    };
  },
};

export const ageVsZap: Scenario = {
  ...ageVsRemove,
  name: 'age-vs-zap',
  question: 'Can ageing without mmu_lock bring back an SPTE that has been zapped?',
  doc:
    'The same as age-vs-remove, with the SPTE: CPU0 takes A from it while it holds the lock bit, and CPU1 clears it under ' +
    'mmu_lock before it removes it from the rmap. The lock bit protects the list, and not the SPTE.',
  sites: [sites.rmapWriterLock, sites.rmapAgerLock, sites.rmapAgerStore, sites.rmapAgerUnlock],
  proposals: [versions['v7.1'], proposals.rmapAgerTracks, proposals.rmapAgerStores],
  mutants: [proposals.rmapAgerStores.name],
  equivalents: [],
  expectations: [
    {
      proposals: ['v7.1', proposals.rmapAgerTracks.name],
      verdicts: SAFE,
      because:
        'P33: clear_bit() of an SPTE that is clear changes nothing, and cmpxchg64() fails; the loss of A is tolerated',
    },
    {
      proposals: [proposals.rmapAgerStores.name],
      verdicts: EVERYWHERE,
      because: 'P33: the store comes behind the zap, and maps a page that the host may have freed',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
    const map = rmap(kvm.memory);
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (ageing)', body: () => ageSpte(map) },
        { name: 'CPU1 (mmu_lock holder)', body: () => dropLast(kvm, map) },
      ],
      properties: [
        {
          name: 'no-stale-spte',
          doc: 'an SPTE that was zapped maps nothing',
          check: (final) =>
            (final.value(map.sptep) & PRESENT) === 0
              ? undefined
              : 'the SPTE that was zapped maps its page again',
        },
      ],
    };
  },
};
