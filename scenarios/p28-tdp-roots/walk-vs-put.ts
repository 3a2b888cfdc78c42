import type { Property, Scenario, World } from 'fencepost';
import * as proposals from '../../models/proposals/tdp-roots.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/tdp-roots.ts';
import { TdpRoots } from '../../models/tdp/roots.ts';
import { dropReference, unmapGfnRange, visitRoots } from '../../models/tdp/unmap.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const GOING = 1;

function noLeak(roots: TdpRoots, going: readonly number[]): Property {
  return {
    name: 'no-leak',
    doc: 'a root without references is not in the list, and is freed or will be',
    check(final) {
      const listed: number[] = [];
      for (let at = final.value(roots.next(0)); at !== 0; at = final.value(roots.next(at))) listed.push(at);
      const isGone = (root: number): boolean =>
        final.value(roots.callback(root).queued) !== 0 || final.value(roots.freed(root)) !== 0;
      const lost = going.find((root) => listed.includes(root) === isGone(root));
      return lost === undefined ? undefined : `root${lost} is in the list and on its way out, or neither`;
    },
  };
}

/** Two roots; one reference is left to the first, and somebody is about to put it. */
function world(walk: (roots: TdpRoots) => ReturnType<World['threads'][number]['body']>): World {
  const roots = new TdpRoots([1, 2]);
  return {
    memory: roots.kvm.memory,
    threads: [
      { name: 'CPU0 (walk over all roots)', body: () => walk(roots) },
      { name: 'CPU1 (last put)', body: () => dropReference(roots, GOING) },
      { name: 'CPU2 (RCU callbacks)', body: () => roots.callback(GOING).run() },
    ],
    properties: [noLeak(roots, [GOING])],
  };
}

export const walkVsPut: Scenario = {
  name: 'root-walk-vs-put',
  question: 'Can a walk over the TDP MMU roots use a root that was freed?',
  doc:
    'Two roots are in the list. CPU0 walks it under mmu_lock held for read, with a reference to each root in turn. CPU1 ' +
    'puts the last reference to the first root, so that it is taken from the list and freed by an RCU callback on CPU2.',
  sources: ['KVM-MMU.md A15, P28'],
  sites: [sites.nextRootOrder, sites.getRoot, sites.rootFree, sites.rootListLock],
  proposals: [
    versions['v6.3'],
    versions['v7.1'],
    proposals.putBeforeNext,
    proposals.getDyingRoot,
    proposals.rootFreedAtOnce,
  ],
  protocols: ['P28'],
  mutants: ['v7.1/put-before-next', 'v7.1/get-dying-root', 'v7.1/root-freed-at-once'],
  expectations: [
    {
      proposals: ['v6.3', 'v7.1'],
      verdicts: SAFE,
      because:
        'P28: a root with a reference is not freed, one without gives none, and the next one is referenced before the ' +
        'previous one, whose link leads to it, is put',
    },
    {
      proposals: ['v7.1/put-before-next'],
      verdicts: EVERYWHERE,
      because: 'P28: the root may go with the last reference, and its link with it',
    },
    {
      proposals: ['v7.1/get-dying-root'],
      verdicts: EVERYWHERE,
      because: 'P28: a count that has been 0 keeps nobody from freeing the root',
    },
    {
      proposals: ['v7.1/root-freed-at-once'],
      verdicts: EVERYWHERE,
      because: 'P28: the count of a root that was found in the list is looked at when it has been freed',
    },
  ],
  world: () => world(visitRoots),
};

export const unmapVsPut: Scenario = {
  ...walkVsPut,
  name: 'unmap-vs-put',
  question: 'Can an invalidation that yields go on from a root that was freed meanwhile?',
  doc:
    'The same as root-walk-vs-put, with the walk of an invalidation by the primary MM: mmu_lock is held for write, and ' +
    'dropped in between if somebody waits for it.',
  sources: ['KVM-MMU.md A17, P28, C10', '7533377215b6 (v5.17)'],
  sites: [sites.unmapRootIter, ...walkVsPut.sites],
  // Whether the stable v5.15 has the fix was not looked up.
  proposals: [versions['v5.14'], versions['v6.1'], versions['v7.1']],
  bugs: [{ id: 'C10', buggy: 'v5.14', fixed: 'v6.1' }],
  mutants: [],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: EVERYWHERE,
      because: 'C10: while mmu_lock is dropped the root goes, and the walk reads its link',
    },
    {
      proposals: ['v6.1', 'v7.1'],
      verdicts: SAFE,
      because: '7533377215b6: the walk has a reference to the root while it yields',
    },
  ],
  world: () => world(unmapGfnRange),
};

const BOTH = [2, 3];

export const twoPuts: Scenario = {
  ...walkVsPut,
  name: 'two-last-puts',
  question: 'Are two TDP MMU roots that go at a time both taken from the list?',
  doc:
    'Of four roots in the list the two in the middle have one reference left. CPU0 puts the one and CPU1 the other, both ' +
    'under mmu_lock held for read.',
  sites: [sites.rootFree, sites.rootListLock],
  proposals: [versions['v6.3'], versions['v7.1'], proposals.rootListUnlocked],
  mutants: ['v7.1/root-list-unlocked'],
  expectations: [
    {
      proposals: ['v6.3', 'v7.1'],
      verdicts: SAFE,
      because:
        'KVM-MMU.md A1.4: writers of the list take tdp_mmu_pages_lock, whichever way they hold mmu_lock',
    },
    {
      proposals: ['v7.1/root-list-unlocked'],
      verdicts: EVERYWHERE,
      because:
        'each joins its neighbours, of which the other is one: the link that is stored last leads to a root that went',
    },
  ],
  world() {
    const roots = new TdpRoots([2, 1, 1, 2]);
    return {
      memory: roots.kvm.memory,
      threads: BOTH.map((root, cpu) => ({
        name: `CPU${cpu} (last put of root${root})`,
        body: () => dropReference(roots, root),
      })),
      properties: [noLeak(roots, BOTH)],
    };
  },
};
