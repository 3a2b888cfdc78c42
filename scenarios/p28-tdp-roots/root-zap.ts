import type { Scenario } from 'fencepost';
import { isShadowPresentPte } from 'fencepost/mmu';
import * as proposals from '../../models/proposals/tdp-roots.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { pageFaultStale } from '../../models/sites/shadow-mmu.ts';
import { pfnDirty } from '../../models/sites/tdp-mmu.ts';
import * as sites from '../../models/sites/tdp-roots.ts';
import {
  faultInRoot,
  GoingRoot,
  MAPPED,
  PFN,
  unmapAndFreePage,
  zapAllFast,
  zapWorker,
} from '../../models/tdp/root-zap.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

/** Who zaps: the task that invalidates, a worker, and again the task. */
const ZAPPERS = ['v6.1', 'v6.3', 'v6.12'] as const;

export const faultVsRootZap: Scenario = {
  name: 'fault-vs-root-zap',
  question: 'Can a fault map a page in a TDP MMU root that was invalidated and zapped?',
  doc:
    'CPU0 invalidates the root under mmu_lock held for write and has it zapped under mmu_lock held for read: by itself, ' +
    'or by the worker on CPU2. On CPU1 a vCPU that still has the root handles a fault, of a page in a memslot that stays.',
  sources: ['KVM-MMU.md A15, P28, C08, C16', 'a955cad84cda (v5.16)', '0df9dab891ff (v6.6)'],
  sites: [pageFaultStale, pfnDirty, sites.rootZapper, sites.rootZapReference],
  proposals: [versions['v5.14'], ...ZAPPERS.map((name) => versions[name])],
  protocols: ['P28'],
  bugs: [{ id: 'C08', buggy: 'v5.14', fixed: 'v6.1' }],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: EVERYWHERE,
      because: 'C08: the fault does not look whether its root is still valid, and installs behind the zap',
    },
    {
      proposals: [...ZAPPERS],
      verdicts: SAFE,
      because:
        'a955cad84cda: role.invalid is written under mmu_lock held for write, so that whoever finds the root valid under ' +
        'mmu_lock installs before the zap begins, whoever does the zap',
    },
  ],
  world() {
    const root = new GoingRoot(0);
    return {
      memory: root.tables.kvm.memory,
      threads: [
        { name: 'CPU0 (zaps all)', body: () => zapAllFast(root) },
        { name: 'CPU1 (page fault)', body: () => faultInRoot(root) },
        { name: 'CPU2 (worker)', body: () => zapWorker(root) },
      ],
      properties: [
        {
          name: 'no-stale-spte',
          doc: 'a root that was zapped maps nothing',
          check: (final) =>
            isShadowPresentPte(final.value(root.sptep))
              ? 'a page is left behind in a root that was zapped'
              : undefined,
        },
      ],
    };
  },
};

export const unmapVsRootZap: Scenario = {
  name: 'unmap-vs-root-zap',
  question: 'Can the zap of an invalid TDP MMU root touch a page that the host has freed?',
  doc:
    'The root maps a page. CPU0 invalidates and zaps it; what it zaps is written back to the host page, ' +
    'as kernels did until v6.12. On CPU1 the primary MM takes the page away under mmu_lock held for write, and frees it.',
  sources: ['KVM-MMU.md A15, P28, C16', 'aa85986e7150 (v6.13)'],
  sites: [pfnDirty, sites.rootZapper, sites.rootZapReference, sites.unmapRoots],
  proposals: [versions['v6.3'], versions['v6.12'], proposals.unmapValidOnly, proposals.putBeforeZap],
  protocols: ['P28'],
  mutants: ['v6.12/unmap-valid-roots-only', 'v6.12/put-before-zap'],
  expectations: [
    {
      proposals: ['v6.3', 'v6.12'],
      verdicts: SAFE,
      because:
        'P28: until it is zapped an invalid root is in the list, with a reference, and the primary MM gets to see it',
    },
    {
      proposals: ['v6.12/unmap-valid-roots-only'],
      verdicts: EVERYWHERE,
      because: 'P28: what an invalid root still maps is freed, and then written to when the root is zapped',
    },
    {
      proposals: ['v6.12/put-before-zap'],
      verdicts: EVERYWHERE,
      because:
        'P28: nobody gets a reference to a root whose count is 0, so the primary MM passes it by when the zap yields',
    },
  ],
  world() {
    const root = new GoingRoot(MAPPED);
    return {
      memory: root.tables.kvm.memory,
      threads: [
        { name: 'CPU0 (zaps all)', body: () => zapAllFast(root) },
        { name: 'CPU1 (primary MM)', body: () => unmapAndFreePage(root) },
        { name: 'CPU2 (worker)', body: () => zapWorker(root) },
      ],
      properties: [
        {
          name: 'counts-balanced',
          doc: 'no reference to the root is left, and none too many was put',
          check(final) {
            const count = final.value(root.count);
            return count === 0 ? undefined : `tdp_mmu_root_count is ${count} in the end`;
          },
        },
      ],
    };
  },
};

export const slotRemovalVsRootZap: Scenario = {
  name: 'slot-removal-vs-root-zap',
  question: 'Can a TDP MMU root map a page of a memslot whose removal has returned?',
  doc:
    'CPU0 removes a memslot, for which all roots are invalidated and zapped; then the host frees a page of it, about ' +
    'which KVM is not told, for no memslot has it any more. CPU1 is the worker that zaps, in the kernels that have one.',
  sources: ['KVM-MMU.md P28, C16', '0df9dab891ff (v6.6)'],
  sites: [pfnDirty, sites.rootZapper, sites.rootZapReference],
  proposals: [...ZAPPERS.map((name) => versions[name]), proposals.zapNotAwaited],
  protocols: ['P28'],
  mutants: ['v6.3/zap-not-awaited'],
  expectations: [
    {
      proposals: [...ZAPPERS],
      verdicts: SAFE,
      because: 'C16: the removal goes on when the zap is done, whoever does it',
    },
    {
      proposals: ['v6.3/zap-not-awaited'],
      verdicts: EVERYWHERE,
      because: 'C16: the worker zaps an SPTE of a page that is no longer there',
    },
  ],
  world() {
    const root = new GoingRoot(MAPPED);
    return {
      memory: root.tables.kvm.memory,
      threads: [
        {
          name: 'CPU0 (memslot removal)',
          *body() {
            yield* zapAllFast(root);
            yield* root.tables.freePage(PFN);
          },
        },
        { name: 'CPU1 (worker)', body: () => zapWorker(root) },
      ],
      properties: [],
    };
  },
};
